"""Times transformers at the work that `Rge.Bench embedding` does: prefill, decoding, whole queries, targets.
usage: bench_transformers.py CHECKPOINT [--queries 3] [--batch 8] [--targets 4] [--threads 2] [--attention eager] [--device cpu]
       bench_transformers.py CHECKPOINT --batches 1,8,32 [--threads 2] [--attention eager] [--device cpu]
A query has an image of 256 tokens and 64 random text tokens, writes 32 tokens greedily, and takes the hidden state of the last of them;
a target has 64 text tokens. Tokens and pixels are random: of a checkpoint of random weights only the speed is asked for.
Where PyTorch has no MKL, as in Debian's build, "sdpa" is several times slower than "eager".
Prints one JSON line; names and units are those of `Rge.Bench embedding`. With --batches only whole queries are timed, and a line is
printed after each number of queries, with all figures so far, as by `Rge.Bench queries`."""
import argparse, json, statistics, time
import torch
from transformers import Qwen2_5_VLForConditionalGeneration

IMAGE_SIDE, TEXT_TOKENS, RATIONALE_TOKENS, REPEATS = 16, 64, 32, 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("--queries", type=int, default=3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--targets", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", default="eager")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batches")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    start = time.perf_counter()
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        options.checkpoint, dtype="auto", attn_implementation=options.attention
    ).to(options.device).eval()
    result = {"load_s": time.perf_counter() - start}
    config = model.config
    vision = config.vision_config
    side = IMAGE_SIDE * vision.spatial_merge_size
    patch_length = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2

    # The hidden state that is pooled: what the decoder's last norm gave for the last token it read.
    pooled = {}
    model.model.language_model.norm.register_forward_hook(lambda module, inputs, output: pooled.update(last=output[:, -1]))

    def texts(rows):
        return torch.randint(1, config.text_config.vocab_size - 30, (rows, TEXT_TOKENS))

    def targets():
        ids = texts(options.targets)
        return on_device({"input_ids": ids, "attention_mask": torch.ones_like(ids)})

    def on_device(inputs):
        return {name: values.to(options.device) for name, values in inputs.items()}

    def queries(rows):
        image = torch.tensor(
            [config.vision_start_token_id] + [config.image_token_id] * IMAGE_SIDE**2 + [config.vision_end_token_id]
        ).repeat(rows, 1)
        ids = torch.cat([image, texts(rows)], 1)
        return on_device({
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "mm_token_type_ids": (ids == config.image_token_id).int(),
            "pixel_values": torch.randn(rows * side**2, patch_length).to(model.dtype),
            "image_grid_thw": torch.tensor([[1, side, side]] * rows),
        })

    def write(query, tokens):
        model.generate(**query, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0)

    def embed(query):
        # With the last token of one more than the rationale chosen, the rationale's last token has been read.
        write(query, RATIONALE_TOKENS + 1)
        return pooled["last"].float().cpu()

    def synchronize():
        if options.device != "cpu":
            torch.cuda.synchronize()

    def median(repeats, prepare, run):
        """Median seconds of a call, after one to warm up."""
        seconds = []
        for _ in range(repeats + 1):
            given = prepare()
            synchronize()
            start = time.perf_counter()
            run(given)
            synchronize()
            seconds.append(time.perf_counter() - start)
        return statistics.median(seconds[1:])

    if options.batches:
        with torch.no_grad():
            for rows in map(int, options.batches.split(",")):
                # Small numbers of queries vary more, and are repeated more often.
                seconds = median(max(1, min(3, 8 // rows)), lambda: queries(rows), embed)
                result[f"queries_per_s_{rows}"] = rows / seconds
                print(json.dumps(result), flush=True)
        return

    with torch.no_grad():
        target = median(REPEATS, targets, lambda target: model.model(**target, use_cache=False))
        prefill = median(REPEATS, lambda: queries(1), lambda query: model(**query, use_cache=True, logits_to_keep=1))
        first = median(REPEATS, lambda: queries(1), lambda query: write(query, 1))
        query = median(options.queries, lambda: queries(1), embed)
        batch = median(2, lambda: queries(options.batch), embed)
    result |= {
        "prefill_tokens_per_s": (IMAGE_SIDE**2 + TEXT_TOKENS) / prefill,
        "decode_tokens_per_s_1": RATIONALE_TOKENS / (query - first),
        "queries_per_s": 1 / query,
        "batched_queries_per_s": options.batch / batch,
        "targets_per_s": options.targets / target,
    }
    print(json.dumps(result))


main()
