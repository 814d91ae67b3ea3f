#!/usr/bin/env python3
"""Random checkpoints of published shapes, and what transformers embeds with them: does Rge give the same at full depth?

usage: full_size.py make DIR --family qwen2_5_vl|qwen3_vl|qwen3_5 --tokenizer FOLDER
       full_size.py embed DIR OUT --dtype float32|bfloat16 [--threads 2]
       full_size.py compare A B

make     writes bfloat16 weights of Qwen2.5-VL-3B's, Qwen3-VL-2B's or Qwen3.5-2B's shape, the tokenizer of FOLDER (vocab.json, merges.txt,
         tokenizer.json), a preset for `rge embed --preset DIR/full-size.json`, and items.jsonl with images.
embed    embeds the items one at a time with transformers; writes OUT in the form of `rge embed --output`, and prints time and memory.
compare  prints the largest cosine distance of two such files.
"""
import argparse
import json
import math
import os
import resource
import shutil
import sys
import time

import numpy as np

SHAPES = {
    "qwen2_5_vl": {
        "text": dict(
            hidden_size=2048, intermediate_size=11008, num_hidden_layers=36, num_attention_heads=16, num_key_value_heads=2,
            vocab_size=151936, rms_norm_eps=1e-6, max_position_embeddings=128000, rope_theta=1e6,
            rope_parameters={"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
        ),
        "vision": dict(
            depth=32, hidden_size=1280, intermediate_size=3420, num_heads=16, out_hidden_size=2048, patch_size=14, window_size=112,
            fullatt_block_indexes=[7, 15, 23, 31], spatial_merge_size=2, temporal_patch_size=2, tokens_per_second=2,
        ),
    },
    "qwen3_vl": {
        "text": dict(
            hidden_size=2048, intermediate_size=6144, num_hidden_layers=28, num_attention_heads=16, num_key_value_heads=8, head_dim=128,
            vocab_size=151936, rms_norm_eps=1e-6, max_position_embeddings=262144,
            rope_parameters={"rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20], "mrope_interleaved": True},
        ),
        "vision": dict(
            depth=24, hidden_size=1024, intermediate_size=4096, num_heads=16, out_hidden_size=2048, patch_size=16, spatial_merge_size=2,
            temporal_patch_size=2, num_position_embeddings=2304, deepstack_visual_indexes=[5, 11, 17],
        ),
    },
    "qwen3_5": {
        "text": dict(
            hidden_size=2048, intermediate_size=6144, num_hidden_layers=24, num_attention_heads=8, num_key_value_heads=2, head_dim=256,
            vocab_size=248320, rms_norm_eps=1e-6, max_position_embeddings=262144, linear_conv_kernel_dim=4, linear_key_head_dim=128,
            linear_value_head_dim=128, linear_num_key_heads=16, linear_num_value_heads=16,
            rope_parameters={
                "rope_type": "default", "rope_theta": 1e7, "partial_rotary_factor": 0.25, "mrope_section": [11, 11, 10],
                "mrope_interleaved": True,
            },
        ),
        "vision": dict(
            depth=24, hidden_size=1024, intermediate_size=4096, num_heads=16, out_hidden_size=2048, patch_size=16, spatial_merge_size=2,
            temporal_patch_size=2, num_position_embeddings=2304,
        ),
    },
}
TOKENS = dict(image_token_id=151655, video_token_id=151656, vision_start_token_id=151652, vision_end_token_id=151653)
PROMPT = "<|im_start|>user\n{images}{text}<|im_end|>\n<|im_start|>assistant\n"
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
ITEMS = [
    ("Find an image that matches the modification: make it red", (640, 480)),
    ("Represent the given image", (448, 672)),
    ("a red bicycle leaning against a white wall, late in the afternoon", None),
]


def model_class(family):
    import transformers
    name = {"qwen2_5_vl": "Qwen2_5_VL", "qwen3_vl": "Qwen3VL", "qwen3_5": "Qwen3_5"}[family]
    return getattr(transformers, name + "ForConditionalGeneration"), getattr(transformers, name + "Config")


def write_json(path, value):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)


def make(options):
    import torch
    from PIL import Image
    shape, folder = SHAPES[options.family], options.folder
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(1)
    model_type, config_type = model_class(options.family)
    config = config_type(text_config=shape["text"], vision_config=shape["vision"], tie_word_embeddings=True, **TOKENS)
    config.text_config.tie_word_embeddings = True
    torch.set_default_dtype(torch.bfloat16)
    model = model_type(config)
    torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "tokenizer.json"):
        shutil.copyfile(f"{options.tokenizer}/{name}", f"{folder}/{name}")
    write_json(f"{folder}/tokenizer_config.json", {"tokenizer_class": "Qwen2Tokenizer", "chat_template": "{{ messages[0].role }}"})
    write_json(f"{folder}/preprocessor_config.json", {
        "image_processor_type": "Qwen2VLImageProcessor", "patch_size": shape["vision"]["patch_size"], "merge_size": 2,
        "temporal_patch_size": 2, "min_pixels": 65536, "max_pixels": 262144,
        **({} if options.family == "qwen2_5_vl" else {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}),
    })
    write_json(f"{folder}/full-size.json", {
        "name": "full-size", "description": "user turn, last token", "prompt": PROMPT, "image": IMAGE, "pooling": "last_token",
    })
    generator = np.random.default_rng(1)
    with open(f"{folder}/items.jsonl", "w", encoding="utf-8") as file:
        for number, (text, size) in enumerate(ITEMS):
            item = {"id": str(number), "text": text}
            if size:
                rough = generator.integers(0, 255, (size[1] // 32, size[0] // 32, 3), dtype=np.uint8)
                Image.fromarray(rough).resize(size, Image.BICUBIC).save(f"{folder}/{number}.png")
                item["image"] = f"{number}.png"
            file.write(json.dumps(item) + "\n")
    print(f"{sum(parameter.numel() for parameter in model.parameters()) / 1e6:.0f} M parameters")


def embed(options):
    import torch
    from PIL import Image
    from tokenizers import Tokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
    torch.set_num_threads(options.threads)
    start, folder = time.perf_counter(), options.folder
    with open(f"{folder}/config.json", encoding="utf-8") as file:
        family = json.load(file)["model_type"]
    model = model_class(family)[0].from_pretrained(folder, dtype=getattr(torch, options.dtype), attn_implementation="eager").eval()
    loaded = time.perf_counter()
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    with open(f"{folder}/preprocessor_config.json", encoding="utf-8") as file:
        settings = json.load(file)
    processor = Qwen2VLImageProcessorPil(**settings)
    limits = {key: settings[key] for key in ("min_pixels", "max_pixels")}
    rows, tokens = [], 0
    with open(f"{folder}/items.jsonl", encoding="utf-8") as file, torch.no_grad():
        for item in map(json.loads, file):
            inputs, pads = {}, ""
            if "image" in item:
                pixels = processor(images=Image.open(f"{folder}/{item['image']}"), return_tensors="pt", **limits)
                inputs = {"pixel_values": pixels["pixel_values"].to(model.dtype), "image_grid_thw": pixels["image_grid_thw"]}
                pads = IMAGE.replace("<|image_pad|>", "<|image_pad|>" * (math.prod(pixels["image_grid_thw"][0].tolist()) // 4))
            prompt = PROMPT.replace("{images}", pads).replace("{text}", item["text"])
            ids = torch.tensor([tokenizer.encode(prompt, add_special_tokens=False).ids])
            types = (ids == TOKENS["image_token_id"]).int()
            inputs |= {"input_ids": ids, "attention_mask": torch.ones_like(ids), "mm_token_type_ids": types}
            model.model.rope_deltas = None
            hidden = model.model(**inputs).last_hidden_state[0, -1].float()
            rows.append({"id": item["id"], "embedding": torch.nn.functional.normalize(hidden, dim=-1).tolist()})
            tokens += ids.shape[1]
    seconds = time.perf_counter() - loaded
    with open(options.out, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{tokens} tokens, loaded in {loaded - start:.1f} s, embedded in {seconds:.1f} s, peak {peak:.1f} GB")


def compare(options):
    files = []
    for path in (options.a, options.b):
        with open(path, encoding="utf-8") as file:
            files.append({row["id"]: np.array(row["embedding"], dtype=np.float64) for row in map(json.loads, file)})
    if files[0].keys() != files[1].keys():
        sys.exit(f"The files hold other items: {sorted(files[0])} and {sorted(files[1])}.")
    distances = {key: 1 - a @ files[1][key] / np.linalg.norm(a) / np.linalg.norm(files[1][key]) for key, a in files[0].items()}
    print(f"largest cosine distance of {len(distances)} items: {max(distances.values()):.2e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("make")
    verb.add_argument("folder")
    verb.add_argument("--family", required=True, choices=SHAPES)
    verb.add_argument("--tokenizer", required=True)
    verb.set_defaults(run=make)
    verb = verbs.add_parser("embed")
    verb.add_argument("folder")
    verb.add_argument("out")
    verb.add_argument("--dtype", required=True, choices=("float32", "bfloat16"))
    verb.add_argument("--threads", type=int, default=2)
    verb.set_defaults(run=embed)
    verb = verbs.add_parser("compare")
    verb.add_argument("a")
    verb.add_argument("b")
    verb.set_defaults(run=compare)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
