#!/usr/bin/env python3
"""Whether transformers, with bitsandbytes, loads what `firstlight model quantize` writes, and computes
the logits that firstlight computes from the same folder.

    check_quantized.py PROGRAM

Exit status 77, for a test that is skipped, where a library is missing.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import bitsandbytes
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

PARITY = pathlib.Path(__file__).parent.parent
sys.path[:0] = [str(PARITY), str(PARITY / "llava")]

import checkpoints  # noqa: E402
import make_fixture  # noqa: E402

# Rows of all matrices are multiples of the block: for others the AVX-512 kernel of bitsandbytes 0.50.2
# gives rows wrong maxima. Number types of the folder, the flags, and the picture of each case.
CASES = [
    ("llava/llama", ["--type", "fp4", "--double-quant"], "wide"),
    ("llava_next/mistral", ["--type", "nf4"], "tall"),
    ("mllama/grouped", ["--type", "nf4", "--double-quant"], "wide"),
]
TOLERANCE = 1e-3


def widened(source, out):
    """A random checkpoint as `source`, but wider."""
    config = AutoConfig.from_pretrained(source)
    for part in (config.text_config, config.vision_config):
        part.hidden_size, part.intermediate_size = 64, 128
    if config.model_type == "mllama":
        config.vision_config.vision_output_dim = 64 * 3
    else:
        config.text_config.head_dim, config.text_config.num_attention_heads = 16, 4
        config.text_config.num_key_value_heads = 2
    model = AutoModelForImageTextToText.from_config(config)
    checkpoints.randomise(model, 9)
    model.to(torch.bfloat16).save_pretrained(out)
    AutoProcessor.from_pretrained(source).save_pretrained(out)


@torch.no_grad()
def reference_logits(folder, batch):
    """By transformers from bitsandbytes' weights, and how many layers hold such. The products are in
    f32: bitsandbytes' own on the CPU are in bf16 where the machine has instructions for it."""
    model = AutoModelForImageTextToText.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", device_map="cpu").eval()
    for tensor in [*model.parameters(), *model.buffers()]:  # the folder's own type is kept in loading
        if tensor.is_floating_point():
            tensor.data = tensor.data.float()
    layers = 0
    for module in model.modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            layers += 1
            state = module.weight.quant_state
            state.dtype = torch.float32  # not rounded to the folder's type
            weight = bitsandbytes.functional.dequantize_4bit(module.weight.data, state)
            module.forward = lambda x, w=weight, b=module.bias: torch.nn.functional.linear(x, w, b)
    return model(**batch, use_cache=False).logits, layers


def check(program, source, flags, picture, folder):
    plain, quantized = folder / "plain", folder / "quantized"
    widened(PARITY / source, plain)
    subprocess.run([program, "model", "quantize", plain, quantized, *flags], check=True,
                   stdout=subprocess.DEVNULL)
    processor = AutoProcessor.from_pretrained(quantized)
    inputs = {"images": [str((PARITY / source).parent / "images" / f"{picture}.png")], "messages": [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Category 1?"}]}]}
    (folder / "inputs.json").write_text(json.dumps(inputs))
    arrays = folder / "ours.safetensors"
    subprocess.run([program, "model", "dump", f"hf:{quantized}?dtype=f32", "--input",
                    folder / "inputs.json", "-o", arrays], check=True, stdout=subprocess.DEVNULL)
    ours = load_file(arrays)["logits"]
    theirs, layers = reference_logits(quantized, make_fixture.prepare(processor, inputs, folder))
    unquantized = load_file(plain / "model.safetensors")
    difference = (ours - theirs).abs().max().item()
    print(f"{source} {' '.join(flags)}: {layers} layers in 4 bits of {len(unquantized)} tensors, logits differ "
          f"by {difference:.1e} at a deviation of {theirs.std().item():.2f}")
    assert layers > 0 and theirs.std() > 1
    assert difference <= TOLERANCE, difference


def main():
    for source, flags, picture in CASES:
        with tempfile.TemporaryDirectory() as folder:
            check(sys.argv[1], source, flags, picture, pathlib.Path(folder))


if __name__ == "__main__":
    main()
