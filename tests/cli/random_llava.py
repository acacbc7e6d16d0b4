"""Writes a small LLaVA checkpoint of random weights, from nothing but Python: the one of the parity
tests with other sizes of the text part, for servers that take only certain sizes of heads.
"""

import array
import json
import random
import shutil
import struct

from conftest import SOURCE

HIDDEN, INNER, HEADS, GROUPS, HEAD = 64, 96, 4, 2, 32
TEXT = {"hidden_size": HIDDEN, "intermediate_size": INNER, "num_attention_heads": HEADS,
        "num_key_value_heads": GROUPS, "head_dim": HEAD, "max_position_embeddings": 1024}


def text_shape(name, shape):
    """The shape of a tensor of the text part or the projector, whose own is `shape`."""
    rows = {"q_proj": HEADS * HEAD, "k_proj": GROUPS * HEAD, "v_proj": GROUPS * HEAD,
            "o_proj": HIDDEN, "gate_proj": INNER, "up_proj": INNER, "down_proj": HIDDEN}
    columns = {"o_proj": HEADS * HEAD, "down_proj": INNER}
    layer = name.split(".")[-2]
    if layer in ("embed_tokens", "lm_head"):
        return [shape[0], HIDDEN]
    if layer == "linear_1" and len(shape) == 2:
        return [HIDDEN, shape[1]]
    return [rows.get(layer, HIDDEN), columns.get(layer, HIDDEN)][:len(shape)]


def deviation(name, shape):
    """Of the weights, such that every part of the model shows in its log-probabilities."""
    if name.endswith("embedding.weight") or name.endswith("class_embedding"):
        return 0.3
    return 0.2 if len(shape) == 1 else 1.5 / (shape[-1] if len(shape) == 2 else 108) ** 0.5


def write(folder, template, seed=5):
    """A folder of float32 weights with the given chat template."""
    folder.mkdir()
    source = SOURCE / "tests/parity/llava/llama"
    for name in ("generation_config.json", "processor_config.json", "tokenizer.json",
                 "tokenizer_config.json"):
        shutil.copy(source / name, folder)
    (folder / "chat_template.jinja").write_text(template)
    config = json.loads((source / "config.json").read_text())
    config["dtype"] = "float32"
    config["text_config"].update(TEXT)
    (folder / "config.json").write_text(json.dumps(config, indent=2))

    with open(source / "model.safetensors", "rb") as stream:
        header = json.loads(stream.read(struct.unpack("<Q", stream.read(8))[0]))
    header.pop("__metadata__", None)
    numbers = random.Random(seed)
    places, parts, end = {}, [], 0
    for name, entry in header.items():
        shape = entry["shape"]
        if not name.startswith("vision_tower."):
            shape = text_shape(name, shape)
        size = shape[0]
        for extent in shape[1:]:
            size *= extent
        # Gains of norms are around one.
        mean = 1.0 if len(shape) == 1 and "norm" in name and name.endswith("weight") else 0.0
        spread = deviation(name, shape)
        values = array.array("f", (numbers.gauss(mean, spread) for _ in range(size)))
        parts.append(values.tobytes())
        # Named as in published folders.
        name = name.replace("vision_tower.", "vision_tower.vision_model.")
        places[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * size]}
        end += 4 * size
    text = json.dumps(places).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.writelines(parts)
