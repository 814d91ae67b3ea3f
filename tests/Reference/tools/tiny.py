"""Tiny random Qwen-VL models, their tokenizers and images, and the passes through Hugging Face transformers whose results are written.

Everything runs on the CPU in float32 with eager attention and the PIL image processor.
"""
import json
import math
import random

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import GenerationConfig, PreTrainedTokenizerFast

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5")
NESTED = ("qwen3_vl", "qwen3_5")  # released with the nested config.json and model.language_model.* names
PATCH, MERGE, TEMPORAL = 8, 2, 2
UNIT = PATCH * MERGE  # side of a merged patch in pixels

SPECIALS = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>", "<emb>",
]
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
SPLIT_QWEN3_5 = SPLIT.replace(r"]?\p{L}+", r"]?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
CHAT = (
    "{% for m in messages %}{% if loop.first and m['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ m['role'] }}\n{% for c in m['content'] %}{% if c['type']=='image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def build_tokenizer(folder, family, corpus, merged_tokens=320):
    """A byte-level BPE tokenizer that learns from the given texts; written in both forms that Qwen repositories carry."""
    split = SPLIT_QWEN3_5 if family == "qwen3_5" else SPLIT
    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.NFC()
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet) + merged_tokens, special_tokens=[], initial_alphabet=alphabet, show_progress=False)
    bpe.train_from_iterator(corpus, trainer)
    bpe.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIALS])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token="<|im_end|>", pad_token="<|endoftext|>", additional_special_tokens=SPECIALS[1:]
    )
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(folder)
    learned = read_json(f"{folder}/tokenizer.json")["model"]
    write_json(f"{folder}/vocab.json", learned["vocab"])
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in learned["merges"]]
    with open(f"{folder}/merges.txt", "w") as file:
        file.write("\n".join(["#version: 0.2", *merges, ""]))
    config = read_json(f"{folder}/tokenizer_config.json")
    config.update(tokenizer_class="Qwen3_5Tokenizer" if family == "qwen3_5" else "Qwen2Tokenizer", chat_template=CHAT)
    write_json(f"{folder}/tokenizer_config.json", config)
    return tokenizer


def build_model(family, tokenizer, seed):
    """The family's model at a tiny size, every weight from the seed. Returns config, model, and the generator for what is drawn next."""
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIALS}
    rope = {"rope_type": "default", "rope_theta": 10000.0 + 1000 * (seed % 5)}
    text = dict(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=8,
        vocab_size=-(-len(tokenizer) // 32) * 32, max_position_embeddings=4096, rms_norm_eps=1e-6, tie_word_embeddings=True,
        bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], pad_token_id=ids["<|endoftext|>"],
    )
    vision = dict(
        depth=3, hidden_size=32, intermediate_size=48, num_heads=2, out_hidden_size=32,
        patch_size=PATCH, spatial_merge_size=MERGE, temporal_patch_size=TEMPORAL,
    )
    if family == "qwen2_vl":
        from transformers import Qwen2VLConfig as Config, Qwen2VLForConditionalGeneration as Model
        text.update(use_sliding_window=False, rope_parameters=dict(rope, mrope_section=[1, 1, 2]))
        vision = dict(vision, embed_dim=32, mlp_ratio=2)
    elif family == "qwen2_5_vl":
        from transformers import Qwen2_5_VLConfig as Config, Qwen2_5_VLForConditionalGeneration as Model
        text.update(use_sliding_window=False, rope_parameters=dict(rope, mrope_section=[2, 1, 1]))
        vision.update(window_size=2 * UNIT, fullatt_block_indexes=[1], tokens_per_second=2)
    elif family == "qwen3_vl":
        from transformers import Qwen3VLConfig as Config, Qwen3VLForConditionalGeneration as Model
        text.update(head_dim=16, rope_parameters=dict(rope, mrope_section=[3, 3, 2], mrope_interleaved=True))
        vision.update(num_position_embeddings=36, deepstack_visual_indexes=[0, 1])
    else:
        from transformers import Qwen3_5Config as Config, Qwen3_5ForConditionalGeneration as Model
        text.update(
            num_hidden_layers=4, full_attention_interval=4, head_dim=32, linear_key_head_dim=8, linear_value_head_dim=12,
            linear_num_key_heads=2, linear_num_value_heads=4, linear_conv_kernel_dim=4,
            rope_parameters=dict(rope, mrope_section=[2, 1, 1], mrope_interleaved=True, partial_rotary_factor=0.25),
        )
        vision.update(num_position_embeddings=36)
    config = Config(
        text_config=text, vision_config=vision, tie_word_embeddings=True,
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
    )
    config._attn_implementation = "eager"
    model = Model._from_config(config, attn_implementation="eager").float().eval()
    generator = torch.Generator().manual_seed(seed)
    randomise(model, generator)
    return config, model, generator


def randomise(model, generator):
    """Draws every weight. Norms whose stored weight is an offset from 1 (Qwen3.5) stay near 0; decay rates spread from short to long memory."""
    offsets = {f"{name}.weight" for name, module in model.named_modules() if type(module).__name__ == "Qwen3_5RMSNorm"}

    def normal(parameter, scale):
        return torch.randn(parameter.shape, generator=generator) * scale

    def uniform(parameter, low, high):
        return torch.empty(parameter.shape).uniform_(low, high, generator=generator)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in offsets or (parameter.dim() == 1 and "bias" in name and not name.endswith("dt_bias")):
                value = normal(parameter, 0.1)
            elif name.endswith("A_log"):
                value = uniform(parameter, math.log(0.02), math.log(4.0))
            elif name.endswith("dt_bias"):
                value = uniform(parameter, -2.0, 1.0)
            elif name.endswith("conv1d.weight"):
                value = normal(parameter, 0.6)
            elif parameter.dim() == 1:
                value = 1 + normal(parameter, 0.1)
            elif "embed" in name:
                value = normal(parameter, 0.8)
            else:
                value = normal(parameter, 1.6 / math.sqrt(parameter[0].numel()))
            parameter.copy_(value)


def image_config(family):
    """What preprocessor_config.json says of sizes and colours."""
    clip = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])
    mean, std = ([0.5] * 3, [0.5] * 3) if family in NESTED else clip
    return dict(
        patch_size=PATCH, merge_size=MERGE, temporal_patch_size=TEMPORAL, image_mean=mean, image_std=std,
        min_pixels=3 * UNIT * UNIT, max_pixels=9 * UNIT * UNIT,
    )


def draw_images(folder, seed):
    """One image of each mode and kind: with alpha, with a palette, grey, one bit, JPEG, narrower than a merged patch, very wide."""
    generator = random.Random(seed)
    kinds = {
        "rgb_61x47.png": "RGB", "rgb_40x70.png": "RGB", "tiny_7x20.png": "RGB", "wide_160x18.png": "RGB", "rgba_50x40.png": "RGBA",
        "grey_32x32.png": "L", "palette_48x30.png": "P", "photo_96x72.jpg": "RGB", "grey_alpha_30x42.png": "LA", "bit_36x36.png": "1",
    }
    for name, mode in kinds.items():
        width, height = (int(side) for side in name.rsplit("_", 1)[1].split(".")[0].split("x"))
        y, x = np.mgrid[0:height, 0:width]
        ramps = np.stack([x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1), (x * 3 + y * 5) % 256], -1)
        image = Image.fromarray(ramps.astype(np.uint8), "RGB")
        brush = ImageDraw.Draw(image)
        for _ in range(5):
            left, top = generator.randrange(width), generator.randrange(height)
            box = [left, top, left + generator.randrange(3, max(4, width // 2)), top + generator.randrange(3, max(4, height // 2))]
            colour = tuple(generator.randrange(256) for _ in range(3))
            (brush.ellipse if generator.random() < 0.5 else brush.rectangle)(box, fill=colour)
        if mode in ("RGBA", "LA"):
            alpha = Image.fromarray(((x + y) * 255 // (width + height)).astype(np.uint8), "L")
            image = image.convert("RGBA" if mode == "RGBA" else "L")
            image.putalpha(alpha)
        elif mode != "RGB":
            image = image.convert(mode)
        image.save(f"{folder}/{name}", **({"quality": 92} if name.endswith("jpg") else {}))
    return list(kinds)


class Reference:
    """A model with its tokenizer and image processor, run as the reference code runs it."""

    def __init__(self, family, model, tokenizer, config, images):
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
        self.family, self.model, self.tokenizer, self.config, self.images = family, model, tokenizer, config, images
        model.generation_config = GenerationConfig()  # plain greedy decoding, whatever generation_config.json says
        self.ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIALS}
        self.processor = Qwen2VLImageProcessorPil(**config)
        self.pixels, self.grids = {}, {}

    def image(self, name):
        """Patches [patches, channels·temporal·patch²] and grid (t, h, w). A side under one merged patch is stretched to it first."""
        if name not in self.pixels:
            image = Image.open(f"{self.images}/{name}")
            if image.size[0] < UNIT:
                image = image.resize((UNIT, image.size[1]))
            if image.size[1] < UNIT:
                image = image.resize((image.size[0], UNIT))
            limits = {key: self.config[key] for key in ("min_pixels", "max_pixels")}
            result = self.processor(images=image, return_tensors="pt", **limits)
            self.pixels[name], self.grids[name] = result["pixel_values"].float().contiguous(), result["image_grid_thw"][0].tolist()
        return self.pixels[name], self.grids[name]

    def prompt(self, text, images, target):
        """The chat prompt with one pad an image, and the model's inputs, in which each pad is as long as its image."""
        marks = "".join("<|vision_start|><|image_pad|><|vision_end|> " for _ in images)
        prompt = (
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
            f"<|im_start|>user\n{marks}{text}<|im_end|>\n<|im_start|>assistant\n{'<emb>' if target else ''}"
        )
        pieces = prompt.split("<|image_pad|>")
        pads = [math.prod(self.image(name)[1]) // MERGE**2 for name in images]
        expanded = pieces[0] + "".join("<|image_pad|>" * count + piece for count, piece in zip(pads, pieces[1:]))
        ids = torch.tensor([self.encode(expanded)])
        inputs = self.with_ids({}, ids)
        if images:
            inputs["pixel_values"] = torch.cat([self.image(name)[0] for name in images])
            inputs["image_grid_thw"] = torch.tensor([self.image(name)[1] for name in images])
        return prompt, inputs

    def encode(self, text):
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def with_ids(self, inputs, ids):
        types = (ids == self.ids["<|image_pad|>"]).int()
        return dict(inputs, input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=types)

    def longer(self, inputs, ids):
        """The same inputs with token ids appended."""
        return self.with_ids(inputs, torch.cat([inputs["input_ids"], torch.tensor([ids], dtype=torch.long)], 1))

    def run(self, inputs):
        self.model.model.rope_deltas = None
        return self.model(**inputs, output_hidden_states=True)

    def last(self, inputs):
        """The normalised hidden state of the last token."""
        return F.normalize(self.run(inputs).hidden_states[-1][0, -1], dim=-1)

    def positions(self, inputs):
        """M-RoPE positions [3, tokens] and what decoding adds to a token's index."""
        grids = {"image_grid_thw": inputs["image_grid_thw"]} if "image_grid_thw" in inputs else {}
        positions, delta = self.model.model.get_rope_index(
            inputs["input_ids"], mm_token_type_ids=inputs["mm_token_type_ids"], attention_mask=inputs["attention_mask"], **grids
        )
        return positions[:, 0].tolist(), int(delta.reshape(-1)[0])

    def vision(self, inputs):
        """Merged patch features of the images."""
        features = self.model.model.visual(inputs["pixel_values"], grid_thw=inputs["image_grid_thw"])
        features = getattr(features, "pooler_output", features)
        return features[0] if isinstance(features, (tuple, list)) else features

    def generate(self, inputs, steps, **options):
        self.model.model.rope_deltas = None
        output = self.model.generate(
            **inputs, max_new_tokens=steps, do_sample=False, eos_token_id=self.ids["<emb>"], pad_token_id=self.ids["<|endoftext|>"], **options
        )
        return output[0, inputs["input_ids"].shape[1]:].tolist()

    def greedy(self, inputs, steps):
        """The greedy continuation, the smallest log-probability margin between first and second choice, and the last token's embedding."""
        written = self.generate(inputs, steps)
        if {self.ids["<|image_pad|>"], self.ids["<|video_pad|>"]} & set(written):
            raise SystemExit("A continuation holds an image pad: choose another seed.")
        output = self.run(self.longer(inputs, written))
        likelihoods = torch.log_softmax(output.logits[0, inputs["input_ids"].shape[1] - 1: -1].float(), -1)
        if likelihoods.argmax(-1).tolist() != written:
            raise SystemExit("Decoding with and without the cache differs: choose another seed.")
        best = likelihoods.topk(2).values
        return written, float((best[:, 0] - best[:, 1]).min()), F.normalize(output.hidden_states[-1][0, -1], dim=-1)


def read_json(path):
    with open(path) as file:
        return json.load(file)


def write_json(path, value, indent=None):
    with open(path, "w") as file:
        json.dump(value, file, indent=indent)
        file.write("\n")
