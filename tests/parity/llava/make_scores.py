#!/usr/bin/env python3
"""Writes what transformers gives for every answer to a prompt, each scored alone, and for greedy
decoding: CHECKPOINT/scores.json for the checkpoints of the scripts make_checkpoints.py (same
versions).

    make_scores.py [CHECKPOINT...]

CHECKPOINT is a folder such as tests/parity/mllama/grouped; without any, all of them.
"""
import json
import pathlib
import sys

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

ANSWERS = ["Category 0", "Category 1", "Category 1 of 2", "spiral galaxy", "smooth", "smooth round galaxy"]
FOLDER = pathlib.Path(__file__).parent.parent
CHECKPOINTS = ["llava/llama", "llava/mistral", "llava_next/mistral", "llava_next/vicuna", "mllama/grouped",
               "mllama/three-tiles"]


def chat(text, images):
    content = [{"type": "image"}] * images + [{"type": "text", "text": text}]
    return [{"role": "user", "content": content}]


@torch.no_grad()
def score(model, processor, prompt, pictures, before):
    """Ids and log-probabilities of every answer, with `before` between prompt and answer."""
    # The processor of mllama writes BOS into the text by itself.
    more = {"add_special_tokens": False} if model.config.model_type == "mllama" else {}
    end = processor.tokenizer.eos_token

    def encode(text):
        return processor(text=text, images=pictures, return_tensors="pt", **more)

    prompt_ids = encode(prompt)["input_ids"][0].tolist()
    runs = []
    for answer in ANSWERS:
        batch = encode(prompt + before + answer + end)
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
    batch = encode(prompt)
    generated = model.generate(**batch, max_new_tokens=12, do_sample=False)[0].tolist()
    result = {"token_ids": prompt_ids[:kept], "answers": answers, "generated": generated[len(prompt_ids):]}
    if kept == len(prompt_ids):
        result["constrained"] = [constrained(model, batch, kept, answers, beams) for beams in (1, 2, 3)]
    return result


def constrained(model, batch, start, answers, beams):
    """Token ids of decoding in which only the answers can follow."""
    def allowed(_, ids):
        written = ids[start:].tolist()
        following = {a["token_ids"][len(written)] for a in answers
                     if a["token_ids"][:len(written)] == written and len(a["token_ids"]) > len(written)}
        return sorted(following) or [model.generation_config.eos_token_id]

    ids = model.generate(**batch, max_new_tokens=40, do_sample=False, num_beams=beams,
                         prefix_allowed_tokens_fn=allowed)[0].tolist()[start:]
    return next(a["token_ids"] for a in answers if ids[:len(a["token_ids"])] == a["token_ids"])


def main():
    for folder in [pathlib.Path(name) for name in sys.argv[1:]] or [FOLDER / name for name in CHECKPOINTS]:
        model = AutoModelForImageTextToText.from_pretrained(
            folder, dtype=torch.float32, attn_implementation="eager").eval()
        processor = AutoProcessor.from_pretrained(folder)
        cases = []
        for text, images in [("Which galaxy is it?", ["wide"]), ("compare", ["tall", "large"])]:
            pictures = [Image.open(folder.parent / "images" / f"{image}.png") for image in images]
            prompt = processor.apply_chat_template(
                chat(text, len(images)), add_generation_prompt=True, tokenize=False)
            before = "" if prompt[-1].isspace() else " "
            cases.append({"user": text, "images": images, "text": prompt}
                         | score(model, processor, prompt, pictures, before))
        (folder / "scores.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
