#!/usr/bin/env python3
"""Writes what transformers computes for one prompt, for `firstlight model verify`.

    make_fixture.py MODEL_DIR INPUTS.json OUT_DIR

INPUTS.json is described in docs/verifying-a-model.md. OUT_DIR gets a copy of it with its images,
and expected.safetensors with input_ids, pixel_values, vision_features, projected, hidden.N and
logits. Made with torch 2.15.0, torchvision 0.29.2, transformers 5.23.0, pillow 13.0.0.
"""
import argparse
import json
import pathlib
import shutil

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoProcessor, LlavaForConditionalGeneration


def prepare(processor, inputs, folder):
    """input_ids and pixel_values of an inputs.json."""
    images = [Image.open(folder / name) for name in inputs.get("images", [])]
    if "messages" in inputs:
        text = processor.apply_chat_template(
            inputs["messages"], add_generation_prompt=True, tokenize=False)
    else:
        text = inputs.get("text")
    if text is not None:
        batch = processor(images=images or None, text=text, return_tensors="pt")
        return batch["input_ids"], batch.get("pixel_values")
    ids = torch.tensor([inputs["input_ids"]])
    pixels = processor.image_processor(images, return_tensors="pt")["pixel_values"] if images else None
    return ids, pixels


@torch.no_grad()
def compute(model, input_ids, pixel_values):
    """Every stage, by the names of the fixture."""
    config = model.config
    stages = {"input_ids": input_ids}
    if pixel_values is not None:
        stages["pixel_values"] = pixel_values
        layers = config.vision_feature_layer
        states = model.model.vision_tower(pixel_values, output_hidden_states=True).hidden_states
        chosen = [states[i] for i in ([layers] if isinstance(layers, int) else layers)]
        if config.vision_feature_select_strategy == "default":
            chosen = [state[:, 1:] for state in chosen]
        stages["vision_features"] = torch.cat(chosen, dim=-1)
        stages["projected"] = model.model.multi_modal_projector(stages["vision_features"])
    out = model(input_ids=input_ids, pixel_values=pixel_values, output_hidden_states=True,
                use_cache=False)
    for i, state in enumerate(out.hidden_states):
        stages[f"hidden.{i}"] = state
    stages["logits"] = out.logits
    return {name: value.contiguous() for name, value in stages.items()}


def write(model, processor, inputs, folder, out, keep=lambda name: True):
    out.mkdir(parents=True, exist_ok=True)
    stages = compute(model, *prepare(processor, inputs, folder))
    stages = {name: value for name, value in stages.items() if keep(name)}
    for name in inputs.get("images", []):
        if (folder / name).resolve() != (out / name).resolve():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, out / name)
    (out / "inputs.json").write_text(json.dumps(inputs, indent=1) + "\n")
    save_file(stages, out / "expected.safetensors")
    return stages


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("inputs", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    model = LlavaForConditionalGeneration.from_pretrained(
        args.model, dtype=torch.float32, attn_implementation="eager").eval()
    processor = AutoProcessor.from_pretrained(args.model)
    write(model, processor, json.loads(args.inputs.read_text()), args.inputs.parent, args.out)


if __name__ == "__main__":
    main()
