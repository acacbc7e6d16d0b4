#!/usr/bin/env python3
"""Writes what transformers computes for one prompt, for `firstlight model verify`.

    make_fixture.py MODEL_DIR INPUTS.json OUT_DIR

INPUTS.json is described in docs/verifying-a-model.md. OUT_DIR gets a copy of it with its images,
and expected.safetensors with the stages of the model's type (llava, llava_next,
mllama). Made with torch 2.15.0, torchvision 0.29.2, transformers 5.23.0, pillow 13.0.0.
"""
import argparse
import json
import pathlib
import shutil

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoModelForImageTextToText, AutoProcessor
from transformers.models.llava_next.modeling_llava_next import image_size_to_num_patches


def prepare(processor, inputs, folder):
    """input_ids and what the image processor makes, of an inputs.json."""
    images = [Image.open(folder / name) for name in inputs.get("images", [])]
    if "messages" in inputs:
        text = processor.apply_chat_template(
            inputs["messages"], add_generation_prompt=True, tokenize=False)
    else:
        text = inputs.get("text")
    if text is not None:
        # The processor of mllama writes BOS into the text by itself.
        more = {"add_special_tokens": False} if type(processor).__name__ == "MllamaProcessor" else {}
        batch = dict(processor(images=images or None, text=text, return_tensors="pt", **more))
        batch.pop("attention_mask", None)
        return batch
    batch = dict(processor.image_processor(images, return_tensors="pt")) if images else {}
    return {"input_ids": torch.tensor([inputs["input_ids"]])} | batch


def llava_features(model, pixel_values):
    """vision_features and projected of [n, 3, height, width]."""
    config = model.config
    layers = config.vision_feature_layer
    states = model.model.vision_tower(pixel_values, output_hidden_states=True).hidden_states
    chosen = [states[i] for i in ([layers] if isinstance(layers, int) else layers)]
    if config.vision_feature_select_strategy == "default":
        chosen = [state[:, 1:] for state in chosen]
    features = torch.cat(chosen, dim=-1)
    return {"vision_features": features, "projected": model.model.multi_modal_projector(features)}


def image_stages(model, batch):
    """What lies between the pictures and the decoder."""
    if "pixel_values" not in batch:
        return {}
    if model.config.model_type == "llava":
        return llava_features(model, batch["pixel_values"])
    if model.config.model_type == "mllama":
        features = model.model.vision_model(
            batch["pixel_values"], batch["aspect_ratio_ids"], batch["aspect_ratio_mask"]).last_hidden_state
        projected = model.model.multi_modal_projector(features)
        return {"vision_features": features, "projected": projected.flatten(0, 2)}
    tiles = [image_size_to_num_patches(size, model.config.image_grid_pinpoints,
                                       model.config.vision_config.image_size)
             for size in batch["image_sizes"]]
    pixels = torch.cat([image[:n] for image, n in zip(batch["pixel_values"], tiles)])
    packed = model.model.get_image_features(
        batch["pixel_values"], batch["image_sizes"],
        vision_feature_layer=model.config.vision_feature_layer,
        vision_feature_select_strategy=model.config.vision_feature_select_strategy).pooler_output
    return llava_features(model, pixels) | {"packed": torch.cat(packed)}


@torch.no_grad()
def compute(model, batch):
    """Every stage, by the names of the fixture."""
    stages = dict(batch) | image_stages(model, batch)
    out = model(**batch, output_hidden_states=True, use_cache=False)
    for i, state in enumerate(out.hidden_states):
        stages[f"hidden.{i}"] = state
    stages["logits"] = out.logits
    stages.pop("cross_attention_mask", None)
    return {name: value.contiguous() for name, value in stages.items()}


def write(model, processor, inputs, folder, out, keep=lambda name: True):
    out.mkdir(parents=True, exist_ok=True)
    stages = compute(model, prepare(processor, inputs, folder))
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
    model = AutoModelForImageTextToText.from_pretrained(
        args.model, dtype=torch.float32, attn_implementation="eager").eval()
    processor = AutoProcessor.from_pretrained(args.model)
    write(model, processor, json.loads(args.inputs.read_text()), args.inputs.parent, args.out)


if __name__ == "__main__":
    main()
