#!/usr/bin/env python3
"""Writes what bitsandbytes makes of small matrices, and a checkpoint that transformers brought to 4
bits and saved, with the logits that its dequantised weights give.

    make_fixtures.py [OUT_DIR]

Made with torch 2.15.0, torchvision 0.29.2, transformers 5.23.0, bitsandbytes 0.50.2.
"""
import json
import pathlib
import sys

import bitsandbytes.functional as bnb
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoProcessor, BitsAndBytesConfig

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "llava"))

import make_fixture  # noqa: E402

# Rows, columns, block, type, double quantisation, number type. Columns are multiples of the block as
# in real models: for others the AVX-512 kernel of bitsandbytes 0.50.2 gives rows wrong maxima.
CASES = [
    (24, 128, 64, "nf4", False, torch.float32), (24, 128, 64, "fp4", False, torch.bfloat16),
    (40, 64, 32, "nf4", True, torch.bfloat16), (130, 256, 64, "fp4", True, torch.float16),
    (300, 128, 128, "nf4", True, torch.float32), (5, 512, 256, "fp4", False, torch.float32),
]


def matrices(out):
    generator = torch.Generator().manual_seed(7)
    tensors, cases = {}, []
    for rows, columns, block, kind, double, dtype in CASES:
        name = f"{kind}-{rows}x{columns}"
        weight = torch.randn(rows, columns, generator=generator) * torch.rand(rows, 1, generator=generator)
        weight[0, :block] = 0  # a block without a maximum
        weight[1, 0:columns:3] = weight[1].abs().max() * 0.5  # numbers between two codes
        weight = weight.to(dtype)
        codes, state = bnb.quantize_4bit(
            weight, blocksize=block, quant_type=kind, compress_statistics=double)
        tensors[name + ".source"] = weight
        tensors[name + ".weight"] = codes
        tensors |= {f"{name}.weight.{key}": value for key, value in state.as_dict(packed=True).items()}
        state.dtype = torch.float32
        tensors[name + ".dequantized"] = bnb.dequantize_4bit(codes, state)
        cases.append({"name": name, "rows": rows, "columns": columns, "block": block, "type": kind,
                      "double": double})
    tensors["dynamic_map"] = bnb.create_dynamic_map()
    save_file({name: value.contiguous() for name, value in tensors.items()}, out / "matrices.safetensors")
    (out / "matrices.json").write_text(json.dumps(cases, indent=1) + "\n")


def dequantized(tensors, name):
    """A weight of a saved checkpoint in f32."""
    key = next(key for key in tensors if key.startswith(name + ".quant_state."))
    state = json.loads(bytes(tensors[key].tolist()))
    codes = tensors[name].flatten().int()
    codes = torch.stack([codes >> 4, codes & 15], 1).flatten()
    absmax = tensors[name + ".absmax"]
    if name + ".nested_absmax" in tensors:
        scale = tensors[name + ".nested_absmax"].repeat_interleave(state["nested_blocksize"])[:absmax.numel()]
        absmax = tensors[name + ".nested_quant_map"][absmax.int()] * scale + torch.tensor(state["nested_offset"])
    count = state["shape"][0] * state["shape"][1]
    scale = absmax.repeat_interleave(state["blocksize"])[:count]
    return (tensors[name + ".quant_map"][codes[:count]] * scale).reshape(state["shape"])


def checkpoint(source, out, kind, double, inputs):
    config = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type=kind,
                                bnb_4bit_use_double_quant=double, bnb_4bit_compute_dtype=torch.float32)
    model = AutoModelForImageTextToText.from_pretrained(
        source, dtype=torch.float32, quantization_config=config, device_map="cpu")
    model.save_pretrained(out)
    processor = AutoProcessor.from_pretrained(source)
    processor.save_pretrained(out)
    # The logits are those of the dequantised weights: bitsandbytes' own products on the CPU are in
    # bf16 where the machine has instructions for it.
    plain = AutoModelForImageTextToText.from_pretrained(
        source, dtype=torch.float32, attn_implementation="eager").eval()
    tensors = load_file(out / "model.safetensors")
    weights = {name: dequantized(tensors, name) for name in tensors if name + ".absmax" in tensors}
    for name, module in plain.named_modules():
        if isinstance(module, torch.nn.Linear):
            saved = [key for key in weights if key.endswith(name.removeprefix("model.").split("layers.")[-1] + ".weight")]
            saved = [key for key in saved if torch.equal(torch.tensor(weights[key].shape), torch.tensor(module.weight.shape))
                     and (weights[key] - module.weight).abs().max() < 0.5 * module.weight.abs().max()]
            if saved:
                best = min(saved, key=lambda key: (weights[key] - module.weight).abs().mean())
                module.weight.data = weights.pop(best)
    assert not weights, sorted(weights)
    make_fixture.write(plain, processor, inputs, out / "case", out / "case",
                       keep=lambda stage: not stage.startswith("hidden"))


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    out.mkdir(exist_ok=True)
    matrices(out)
    checkpoint(FOLDER.parent / "mllama/grouped", out / "mllama-nf4-double", "nf4", True, {
        "images": ["../../../mllama/images/wide.png"], "text": "<|image|>Which galaxy is it?"})
    checkpoint(FOLDER.parent / "llava_next/mistral", out / "llava_next-fp4", "fp4", False, {
        "images": ["../../../llava_next/images/tall.png"], "text": "[INST] <image>\nWhich galaxy? [/INST]"})


if __name__ == "__main__":
    main()
