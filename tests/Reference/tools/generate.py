#!/usr/bin/env python3
"""Writes the reference vectors of one family: a tiny random checkpoint and what Hugging Face transformers makes of it.

usage: generate.py FOLDER --family qwen2_vl|qwen2_5_vl|qwen3_vl|qwen3_5 --seed N

The README beside this folder says what is written and with which seeds. A seed is refused when a greedy choice is too
close to call, or when the reference's own hidden states are inexact in float32.
"""
import argparse
import contextlib
import os
import random
import shutil

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

from tiny import FAMILIES, NESTED, UNIT, Reference, build_model, build_tokenizer, draw_images, image_config, write_json

STEPS = 24  # longest continuation; `rge verify` takes as many
SMALLEST_MARGIN = 0.003  # between the first and the second choice of a greedy step
LARGEST_ERROR = 2e-4  # of the reference's own hidden states in float32, measured against its float64
TEMPERATURE = 0.02
RANK, ALPHA, ADAPTED = 2, 4, ("q_proj", "v_proj", "down_proj")

TEXTS = [
    "", " ", "a", "Hello, world!", "Hello  world\n\n  indented\tand tabs \r\n end ", "I'm sure they'LL say it's 12345.67 € 50%",
    "naïve café — “quotes” … ﬁ ligature", "e\u0301 combining vs é", "日本語のテキストと中文，混合。", "Привет мир! Ünïcödé ß İstanbul ǅ",
    "emoji 👩‍👩‍👧‍👦 and 🇫🇷 flags 🤖", "مرحبا بالعالم ١٢٣", "हिन्दी में पाठ", "\u200b\ufeffzero width\u00a0nbsp", "x" * 300, "<emb>",
    "text<emb>text<|im_end|>", "not <|a_special|> token < emb >", "a\x00b\x7f", "3.14159e-10 0x1F 1,000,000", "'S 'T don'T",
    "line1\nline2\n\n\nline3   \n   ", "🙂" * 5, "\ud7ff\ue000", "ＦＵＬＬｗｉｄｔｈ", "किताब कि a\u0300\u0301b\u0302 1\u0301 2\u20e3",
]
QUERIES = [
    ("Find an image that matches the modification: make it red\n", ["rgb_61x47.png"]),
    ("Answer the question: how many circles are there?\n", ["rgb_40x70.png"]),
    ("What is the capital of nowhere?\n", []),
    ("What changed between the two images?\n", ["palette_48x30.png", "rgba_50x40.png"]),
]
TARGETS = [
    ("Summarize in one word: red\n", []),
    ("Summarize the image in one word\n", ["grey_32x32.png"]),
    ("Summarize in one word: a cat and a dog, sitting together on the old sofa\n", []),
    ("Summarize the image in one word\n", ["wide_160x18.png"]),
]
ORACLE = [
    "The image shows a ramp of colours. The change asks for red.", "Count each circle: one, two. The answer is two.",
    "Nowhere has no capital.", "The second image is see-through.",
]


def corpus(seed):
    """Sentences put together from a few words, and the texts that are encoded later: what the tokenizer learns from."""
    generator = random.Random(seed)
    words = " ".join([*TEXTS[:13], *ORACLE, *(text for text, _ in QUERIES + TARGETS)]).split()
    yield from (" ".join(generator.choices(words, k=generator.randrange(3, 12))) + generator.choice([".\n", "?\n", "\n\n"]) for _ in range(3000))


def teach_emb(reference):
    """Points the output row of <emb> at hidden states seen on the way, so that greedy decoding of queries 0 and 2 ends in it."""
    emb, seen = reference.ids["<emb>"], []
    with torch.no_grad():
        for query, step in ((0, 6), (2, 9)):
            _, inputs = reference.prompt(*QUERIES[query], False)
            output = reference.run(reference.longer(inputs, reference.generate(inputs, step)))
            seen.append((output.hidden_states[-1][0, -1], output.logits[0, -1].max()))
        row = sum(hidden / hidden.norm() for hidden, _ in seen)
        row *= 1.6 * max(float(logit) for _, logit in seen) / min(float(hidden @ row) for hidden, _ in seen)
        reference.model.get_output_embeddings().weight[emb] = row


def evaluate(reference):
    """Prompts, positions, hidden states, continuations and embeddings of every query and target."""
    emb, cases, tensors = reference.ids["<emb>"], {"queries": [], "targets": []}, {}
    with torch.no_grad():
        for side, items in (("targets", TARGETS), ("queries", QUERIES)):
            for index, (text, images) in enumerate(items):
                prompt, inputs = reference.prompt(text, images, side == "targets")
                output, name = reference.run(inputs), f"{side}.{index}."
                for layer, hidden in enumerate(output.hidden_states):
                    tensors[f"{name}hidden.{layer}"] = hidden[0]
                tensors[name + "logits_last"] = output.logits[0, -1]
                if images:
                    tensors[name + "vision"] = reference.vision(inputs)
                shown = images[0] if len(images) == 1 else images or None
                case = {"text": text, "image": shown, "prompt": prompt, "input_ids": inputs["input_ids"][0].tolist()}
                case["position_ids"], case["rope_delta"] = reference.positions(inputs)
                if side == "targets":
                    tensors[name + "embedding"] = F.normalize(output.hidden_states[-1][0, -1], dim=-1)
                else:
                    written, margin, tensors[name + "embedding"] = reference.greedy(inputs, STEPS)
                    if margin < SMALLEST_MARGIN:
                        raise SystemExit(f"Query {index} has a greedy margin of {margin:.5f}: choose another seed.")
                    case.update(
                        generated_ids=written, generated_text=reference.tokenizer.decode(written, skip_special_tokens=False),
                        ended_with_emb=written[-1] == emb, greedy_margin_min=margin,
                    )
                    case["generated_ids_repetition_penalty_1.05"] = reference.generate(inputs, STEPS, repetition_penalty=1.05)
                    if written[-1] != emb:
                        tensors[name + "embedding_appended"] = reference.last(reference.longer(inputs, written + [emb]))
                cases[side].append(case)
    queries, targets = (torch.stack([tensors[f"{side}.{i}.embedding"] for i in range(len(cases[side]))]) for side in ("queries", "targets"))
    cases["similarity"] = (queries @ targets.T).tolist()
    return cases, tensors


@contextlib.contextmanager
def in_float64(model):
    """Runs the model in float64, also where transformers casts to float32."""
    narrow, cast = torch.float32, torch.Tensor.float
    model.double()
    torch.float32, torch.Tensor.float = torch.float64, torch.Tensor.double
    try:
        yield
    finally:
        torch.float32, torch.Tensor.float = narrow, cast
        model.float()


def require_exact(reference, tensors):
    """Refuses a seed whose hidden states hang on the order of additions: no other implementation could equal them."""
    largest = 0.0
    with in_float64(reference.model), torch.no_grad():
        for side, items in (("targets", TARGETS), ("queries", QUERIES)):
            for index, (text, images) in enumerate(items):
                _, inputs = reference.prompt(text, images, side == "targets")
                for layer, hidden in enumerate(reference.run(inputs).hidden_states):
                    largest = max(largest, float((hidden[0] - tensors[f"{side}.{index}.hidden.{layer}"]).abs().max()))
    if largest > LARGEST_ERROR:
        raise SystemExit(f"Hidden states in float32 are {largest:.1e} from those in float64: choose another seed.")
    return largest


def joint(reference, cases):
    """The joint objective: language-model loss on oracle rationales plus InfoNCE after the model's own; and its gradients."""
    emb, pad, model = reference.ids["<emb>"], reference.ids["<|endoftext|>"], reference.model
    model.zero_grad()
    language_losses, tokens, queries = [], 0, []
    for index, (text, images) in enumerate(QUERIES):
        _, inputs = reference.prompt(text, images, False)
        labels = reference.encode(ORACLE[index] + "<emb>")
        logits = reference.run(reference.longer(inputs, labels)).logits[0, inputs["input_ids"].shape[1] - 1: -1]
        language_losses.append(F.cross_entropy(logits, torch.tensor(labels), reduction="sum"))
        tokens += len(labels)
        written = cases["queries"][index]["generated_ids"]
        if pad in written:
            raise SystemExit("A continuation holds the pad token, whose row gets no gradient: choose another seed.")
        queries.append(reference.last(reference.longer(inputs, written if written[-1] == emb else written + [emb])))
    targets = [reference.last(reference.prompt(text, images, True)[1]) for text, images in TARGETS]
    language = sum(language_losses) / tokens
    contrastive = F.cross_entropy(torch.stack(queries) @ torch.stack(targets).T / TEMPERATURE, torch.arange(len(queries)))
    loss = language + contrastive
    loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    return {
        "temperature": TEMPERATURE, "oracle_rationales": ORACLE, "lm_tokens": tokens, "lm_loss": language.item(),
        "info_nce": contrastive.item(), "loss": loss.item(),
        "grad_norm": float(torch.sqrt(sum((gradient**2).sum() for gradient in gradients.values()))),
    }, gradients


def write_adapters(reference, folder, generator, flat):
    """A LoRA and a DoRA adapter in PEFT's layout, and the embeddings of the first two targets with each."""
    results, parameters = {}, dict(reference.model.named_parameters())
    adapted = ADAPTED + (("in_proj_qkv", "out_proj") if reference.family == "qwen3_5" else ())
    base = {
        name: parameter.detach().clone() for name, parameter in parameters.items()
        if "language_model" in name and any(f"{module}.weight" in name for module in adapted)
    }
    for kind in ("lora", "dora"):
        stored, changed = {}, {}
        for name, weight in base.items():
            draw = lambda *shape: torch.randn(*shape, generator=generator)
            a, b = draw(RANK, weight.shape[1]) * 0.2, draw(weight.shape[0], RANK) * 0.2
            merged = weight + ALPHA / RANK * (b @ a)
            module = "base_model.model." + hub_name(name, flat)[: -len(".weight")]
            stored |= {f"{module}.lora_A.weight": a, f"{module}.lora_B.weight": b}
            if kind == "dora":
                magnitude = weight.norm(dim=1) * (1 + 0.1 * draw(weight.shape[0]))
                stored[f"{module}.lora_magnitude_vector"] = magnitude
                merged = magnitude[:, None] * merged / merged.norm(dim=1, keepdim=True)
            changed[name] = merged
        os.makedirs(f"{folder}/adapter_{kind}")
        save(stored, f"{folder}/adapter_{kind}/adapter_model.safetensors")
        write_json(f"{folder}/adapter_{kind}/adapter_config.json", {
            "peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.1, "use_dora": kind == "dora", "use_rslora": False,
            "bias": "none", "target_modules": list(adapted), "task_type": None, "base_model_name_or_path": "../model",
            "fan_in_fan_out": False, "modules_to_save": None,
        }, indent=1)
        with torch.no_grad():
            for name, weight in changed.items():
                parameters[name].copy_(weight)
            results[f"adapter_{kind}"] = {
                f"target{i}_embedding": reference.last(reference.prompt(*TARGETS[i], True)[1]).tolist() for i in (0, 1)
            }
            for name, weight in base.items():
                parameters[name].copy_(weight)
    return results


def write_checkpoint(reference, folder, config, flat):
    """Weights in two shards and config.json as they are found on the hub: flat (Qwen2-VL, Qwen2.5-VL) or nested."""
    weights = {hub_name(name, flat): parameter for name, parameter in reference.model.named_parameters()}
    names = sorted(weights)
    index = {}
    for number, shard in enumerate((names[: len(names) // 2], names[len(names) // 2:]), 1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save({name: weights[name] for name in shard}, f"{folder}/model/{file}")
        index |= dict.fromkeys(shard, file)
    write_json(f"{folder}/model/model.safetensors.index.json", {
        "metadata": {"total_size": sum(weight.numel() * 4 for weight in weights.values())}, "weight_map": index,
    }, indent=1)
    nested = config.to_dict()
    if reference.family == "qwen3_5":
        nested["vision_config"]["deepstack_visual_indexes"] = []
        nested["text_config"].update(attn_output_gate=True, full_attention_interval=4)
    if flat:
        text, vision = nested["text_config"], nested["vision_config"]
        text_keys = (
            "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size",
            "max_position_embeddings", "rms_norm_eps", "hidden_act", "bos_token_id", "eos_token_id",
        )
        token_keys = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
        vision_keys = (
            "depth", "hidden_size", "embed_dim", "mlp_ratio", "intermediate_size", "num_heads", "out_hidden_size", "patch_size",
            "spatial_merge_size", "temporal_patch_size", "window_size", "fullatt_block_indexes", "tokens_per_second", "hidden_act",
        )
        rope = text["rope_parameters"]
        write_json(f"{folder}/model/config.json", {
            **{key: text[key] for key in text_keys}, **{key: nested[key] for key in token_keys},
            "rope_theta": rope["rope_theta"], "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]},
            "use_sliding_window": False, "sliding_window": None, "tie_word_embeddings": True, "torch_dtype": "float32",
            "model_type": reference.family, "architectures": [type(reference.model).__name__],
            "vision_config": {**{key: vision[key] for key in vision_keys if key in vision}, "in_chans": 3},
        }, indent=1)
        write_json(f"{folder}/config.nested.json", nested, indent=1)
    else:
        write_json(f"{folder}/model/config.json", nested, indent=1)
    end, pad = reference.ids["<|im_end|>"], reference.ids["<|endoftext|>"]
    write_json(f"{folder}/model/generation_config.json", {
        "eos_token_id": [end, pad], "pad_token_id": pad, "do_sample": True, "temperature": 1e-6, "repetition_penalty": 1.05,
    }, indent=1)
    write_json(f"{folder}/model/preprocessor_config.json", {
        **reference.config, "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor", "do_convert_rgb": True,
        "do_normalize": True, "do_rescale": True, "do_resize": True, "resample": 3, "rescale_factor": 1 / 255,
    }, indent=1)


def write_tables(reference, folder, seed):
    """Sizes that images are resized to, and texts with their ids."""
    from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize
    generator, rows = random.Random(seed), []
    while len(rows) < 100:
        height, width = generator.randrange(UNIT, 3000), generator.randrange(UNIT, 3000)
        limits = generator.choice([(56 * 56, 28 * 28 * 1280), (256 * 784, 1024 * 784), (4 * 784, 16 * 784)])
        if max(height, width) / min(height, width) <= 200:
            expected = smart_resize(height, width, factor=UNIT, min_pixels=limits[0], max_pixels=limits[1])
            rows.append([height, width, UNIT, *limits, *expected])
    write_json(f"{folder}/smart_resize.json", rows)
    encoded = [(text, reference.encode(text)) for text in TEXTS]
    write_json(f"{folder}/tokenizer_cases.json", [
        {"text": text, "ids": ids, "decoded": reference.tokenizer.decode(ids, skip_special_tokens=False)} for text, ids in encoded
    ])


def hub_name(name, flat):
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.") if flat else name


def save(tensors, path):
    save_file({name: tensor.detach().float().contiguous().clone() for name, tensor in tensors.items()}, path, metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--family", required=True, choices=FAMILIES)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()
    folder, family, seed = arguments.folder, arguments.family, arguments.seed
    flat = family not in NESTED

    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(f"{folder}/model")
    os.makedirs(f"{folder}/images")
    torch.manual_seed(seed)
    np.random.seed(seed)
    tokenizer = build_tokenizer(f"{folder}/model", family, corpus(seed))
    config, model, generator = build_model(family, tokenizer, seed)
    reference = Reference(family, model, tokenizer, image_config(family), f"{folder}/images")
    for name in draw_images(f"{folder}/images", seed):
        reference.image(name)
    save(reference.pixels, f"{folder}/image_patches.safetensors")
    write_json(f"{folder}/image_grids.json", reference.grids)
    write_tables(reference, folder, seed)

    teach_emb(reference)
    write_checkpoint(reference, folder, config, flat)
    cases, tensors = evaluate(reference)
    error = require_exact(reference, tensors)
    cases["joint"], gradients = joint(reference, cases)
    save(tensors, f"{folder}/activations.safetensors")
    save({hub_name(name, flat): gradient for name, gradient in gradients.items()}, f"{folder}/joint_gradients.safetensors")
    cases |= write_adapters(reference, folder, generator, flat)
    cases |= {
        "family": family, "emb_token_id": reference.ids["<emb>"], "temperature": TEMPERATURE,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }
    write_json(f"{folder}/cases.json", cases)
    print(family, "ended with <emb>:", [case["ended_with_emb"] for case in cases["queries"]],
          "smallest margin:", min(case["greedy_margin_min"] for case in cases["queries"]), "largest error of hidden states:", error)


if __name__ == "__main__":
    main()
