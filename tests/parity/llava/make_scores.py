#!/usr/bin/env python3
"""Writes what transformers gives for every answer to a prompt, each scored alone, and for greedy
decoding: CHECKPOINT/scores.json for the checkpoints of make_checkpoints.py (same versions).
"""
import json
import pathlib

import torch
from PIL import Image
from transformers import AutoProcessor, LlavaForConditionalGeneration

ANSWERS = ["Category 0", "Category 1", "Category 1 of 2", "spiral galaxy", "smooth", "smooth round galaxy"]
FOLDER = pathlib.Path(__file__).parent


def chat(text, images):
    content = [{"type": "image"}] * images + [{"type": "text", "text": text}]
    return [{"role": "user", "content": content}]


@torch.no_grad()
def score(model, processor, prompt, pictures, before):
    """Ids and log-probabilities of every answer, with `before` between prompt and answer."""
    prompt_ids = processor(text=prompt, images=pictures, return_tensors="pt")["input_ids"][0].tolist()
    runs = []
    for answer in ANSWERS:
        batch = processor(text=prompt + before + answer + "</s>", images=pictures, return_tensors="pt")
        runs.append((batch["input_ids"][0].tolist(),
                     torch.log_softmax(model(**batch).logits[0].double(), -1)))
    # The prompt is what its own ids and those of every whole text begin with.
    kept = len(prompt_ids)
    for ids, _ in runs:
        kept = min([kept] + [i for i, (a, b) in enumerate(zip(ids, prompt_ids)) if a != b])
    answers = []
    for answer, (ids, logs) in zip(ANSWERS, runs):
        answers.append({"text": answer, "token_ids": ids[kept:], "logprobs": [
            logs[kept - 1 + i, token].item() for i, token in enumerate(ids[kept:])]})
    batch = processor(text=prompt, images=pictures, return_tensors="pt")
    generated = model.generate(**batch, max_new_tokens=12, do_sample=False)[0].tolist()
    return {"token_ids": prompt_ids[:kept], "answers": answers, "generated": generated[len(prompt_ids):]}


def main():
    for name, before in [("llama", " "), ("mistral", " ")]:
        folder = FOLDER / name
        model = LlavaForConditionalGeneration.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").eval()
        processor = AutoProcessor.from_pretrained(folder)
        cases = []
        for text, images in [("Which galaxy is it?", ["wide"]), ("compare", ["tall", "large"])]:
            pictures = [Image.open(FOLDER / "images" / f"{image}.png") for image in images]
            prompt = processor.apply_chat_template(
                chat(text, len(images)), add_generation_prompt=True, tokenize=False)
            cases.append({"user": text, "images": images, "text": prompt}
                         | score(model, processor, prompt, pictures, before))
        (folder / "scores.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
