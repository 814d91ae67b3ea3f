"""Embeds rows with transformers, as `rge embed` does, to compare: rationale greedily until <emb>, hidden state there, normalised.
usage: transformers_embed.py CHECKPOINT ROWS.jsonl EMBEDDED.jsonl
ROWS.jsonl has the rows that `rge embed --input` takes (role, text, images), EMBEDDED.jsonl what it wrote for them.
Prints one JSON line: rows, how many rationales are equal, the largest cosine distance of the embeddings."""
import json, os, sys
import torch
from PIL import Image
from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration

checkpoint, rows_file, embedded_file = sys.argv[1:4]
processor = AutoProcessor.from_pretrained(checkpoint, use_fast=False)
model = Qwen2_5_VLForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation="eager").eval()
emb = processor.tokenizer.convert_tokens_to_ids("<emb>")
equal, distance, rows = 0, 0.0, 0
for line, written in zip(open(rows_file), open(embedded_file)):
    row, ours = json.loads(line), json.loads(written)
    paths = row.get("images") or []
    text = row["text"] + "\n"
    content = [part for _ in paths for part in ({"type": "image"}, {"type": "text", "text": " "})] + [{"type": "text", "text": text}]
    prompt = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True)
    images = [Image.open(os.path.join(os.path.dirname(rows_file), path)) for path in paths]
    inputs = processor(text=[prompt], images=images or None, return_tensors="pt")
    with torch.no_grad():
        if row["role"] == "query":
            ids = model.generate(**inputs, max_new_tokens=64, do_sample=False, repetition_penalty=1.0, eos_token_id=emb, pad_token_id=0)
            generated = ids[0, inputs["input_ids"].shape[1]:].tolist()
        else:
            generated = [emb]
        ids = torch.cat([inputs["input_ids"], torch.tensor([generated])], 1)
        more = {key: inputs[key] for key in ("pixel_values", "image_grid_thw") if key in inputs}
        hidden = model.model(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == model.config.image_token_id).int(), use_cache=False, **more).last_hidden_state[0, -1]
    expected = torch.nn.functional.normalize(hidden, dim=0)
    found = torch.tensor(ours["embedding"])
    distance = max(distance, 1 - torch.nn.functional.cosine_similarity(expected.double(), found.double(), dim=0).item())
    equal += row["role"] != "query" or processor.tokenizer.decode([token for token in generated if token != emb]) == ours["rationale"]
    rows += 1
print(json.dumps({"rows": rows, "equal_rationales": equal, "largest_cosine_distance": distance}))
