"""Times a plain PyTorch step of the joint objective with transformers: padded batches, every sequence whole, AdamW.
usage: joint_step.py CHECKPOINT BATCH.json [--lora RANK] [--steps 3] [--threads 2] [--attention eager] [--checkpointing] [--device cpu]
BATCH.json is what `Rge.Bench joint` wrote for its own step, so that both learn from the same tokens and picture sizes.
Where PyTorch has no MKL, as in Debian's build, "sdpa" is several times slower than "eager".
Prints one JSON line: seconds a step (median), both losses of the first step, peak memory."""
import argparse, json, resource, time
import torch
import torch.nn.functional as F
from transformers import Qwen2_5_VLForConditionalGeneration


class Lora(torch.nn.Module):
    def __init__(self, base, rank, scale=2.0):
        super().__init__()
        self.base, self.scale = base, scale
        self.a = torch.nn.Parameter(torch.empty(rank, base.in_features).uniform_(-1, 1) / base.in_features ** 0.5)
        self.b = torch.nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + (F.linear(F.linear(x.float(), self.a), self.b) * self.scale).to(x.dtype)


def add_lora(model, rank):
    model.requires_grad_(False)
    for layer in model.model.language_model.layers:
        for parent in (layer.self_attn, layer.mlp):
            for name, child in list(parent.named_children()):
                if isinstance(child, torch.nn.Linear):
                    setattr(parent, name, Lora(child, rank))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("batch")
    parser.add_argument("--lora", type=int, default=0)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--attention", default="eager")
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(options.checkpoint, dtype="auto", attn_implementation=options.attention).to(options.device).train()
    if options.lora:
        add_lora(model, options.lora)
        model.to(options.device)
    if options.checkpointing:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    batch = json.load(open(options.batch))
    image_token, emb = model.config.image_token_id, batch["emb"]
    pixels = [torch.randn(t * h * w, 1176).to(options.device, model.dtype) for t, h, w in batch["grids"]]
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-5, betas=(0.9, 0.98), fused=True)

    def hidden(rows, images):
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=options.device)
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=options.device)
        shown = [i for of_row in images for i in of_row]
        more = {}
        if shown:
            more = {"pixel_values": torch.cat([pixels[i] for i in shown]), "image_grid_thw": torch.tensor([batch["grids"][i] for i in shown], device=options.device)}
        return model.model(input_ids=ids, attention_mask=mask, mm_token_type_ids=(ids == image_token).int(), use_cache=False, **more).last_hidden_state

    def step():
        queries, targets = batch["queries"], batch["targets"]
        states = hidden([q["prompt"] + q["oracle"] for q in queries], [q["images"] for q in queries])
        places = [(i, len(q["prompt"]) + t - 1) for i, q in enumerate(queries) for t in range(len(q["oracle"]))]
        labels = torch.tensor([token for q in queries for token in q["oracle"]], device=options.device)
        wanted = states[[i for i, _ in places], [t for _, t in places]]
        lm = F.cross_entropy(model.lm_head(wanted).float(), labels)

        def pooled(rows, images):
            states = hidden(rows, images)
            return F.normalize(states[range(len(rows)), [len(row) - 1 for row in rows]].float(), dim=1)

        own = pooled([q["prompt"] + q["own"] + [emb] for q in queries], [q["images"] for q in queries])
        other = pooled([t["tokens"] for t in targets], [t["images"] for t in targets])
        nce = F.cross_entropy(own @ other.T / batch["temperature"], torch.arange(len(queries), device=options.device))
        (lm + nce).backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return lm.item(), nce.item()

    first = step()
    seconds = []
    for _ in range(options.steps):
        start = time.time()
        step()
        seconds.append(time.time() - start)
    print(json.dumps({
        "seconds": sorted(seconds)[len(seconds) // 2], "lm_loss": first[0], "info_nce": first[1],
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))


main()
