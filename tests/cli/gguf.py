"""Writes a folder of type `llava` (text part `llama`, byte-level tokeniser) as GGUF files for
llama.cpp: the text part, and its vision tower and projector as an "mmproj" file. Needs nothing but
Python; weights are copied piece by piece, so that a checkpoint of any size can be written.

    python3 gguf.py FOLDER TEXT.gguf [MMPROJ.gguf] [--bf16]

Matrices become float32, or bfloat16 as stored with --bf16; everything else is float32.
"""

import json
import mmap
import pathlib
import struct
import sys

ALIGNMENT = 32
F32, BF16 = 0, 30
UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5
NORMAL, CONTROL = 1, 3


class Folder:
    """The tensors of a checkpoint, by the name that transformers 4 gives them."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.config = self.json("config.json")
        self.places = {}
        for file in sorted(self.path.glob("*.safetensors")):
            with open(file, "rb") as stream:
                data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
            length = struct.unpack("<Q", data[:8])[0]
            header = json.loads(data[8:8 + length])
            header.pop("__metadata__", None)
            for name, entry in header.items():
                begin, end = (8 + length + offset for offset in entry["data_offsets"])
                self.places[plain_name(name)] = (data, begin, end, entry["dtype"], entry["shape"])

    def json(self, name):
        return json.loads((self.path / name).read_text())

    def __contains__(self, name):
        return name in self.places

    def shape(self, name):
        return self.places[name][4]

    def read(self, name, wanted):
        """The bytes of a tensor as `wanted`."""
        data, begin, end, kind, _ = self.places[name]
        return convert(data[begin:end], kind, wanted)


def plain_name(name):
    """One name whatever the layout of the folder."""
    name = name.removeprefix("model.")
    for prefix in ("language_model.model.", "language_model."):
        if name.startswith(prefix):
            rest = name[len(prefix):]
            return rest if rest.startswith("lm_head") else "text." + rest
    return name.replace("vision_tower.vision_model.", "vision_tower.")


def convert(raw, kind, wanted):
    if (kind, wanted) in (("F32", F32), ("BF16", BF16)):
        return raw
    if (kind, wanted) == ("BF16", F32):
        out = bytearray(2 * len(raw))
        out[2::4], out[3::4] = raw[0::2], raw[1::2]
        return bytes(out)
    raise SystemExit(f"weights of type {kind} are not converted")


def value_bytes(kind, value):
    if kind == STRING:
        data = value.encode()
        return struct.pack("<Q", len(data)) + data
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


class File:
    """A GGUF file (version 3): keys, then tensors whose bytes are asked for as they are written."""

    def __init__(self):
        self.keys, self.tensors = [], []

    def key(self, name, kind, value):
        self.keys.append(value_bytes(STRING, name) + struct.pack("<I", kind)
                         + value_bytes(kind, value))

    def array(self, name, kind, values):
        self.keys.append(value_bytes(STRING, name) + struct.pack("<IIQ", ARRAY, kind, len(values))
                         + b"".join(value_bytes(kind, value) for value in values))

    def tensor(self, name, shape, kind, read):
        self.tensors.append((name, list(shape), kind, read))

    def write(self, path):
        infos, offset = [], 0
        for name, shape, kind, _ in self.tensors:
            infos.append(value_bytes(STRING, name) + struct.pack("<I", len(shape))
                         + struct.pack(f"<{len(shape)}Q", *reversed(shape))
                         + struct.pack("<IQ", kind, offset))
            size = 4 if kind == F32 else 2
            for extent in shape:
                size *= extent
            offset += -(-size // ALIGNMENT) * ALIGNMENT
        head = (b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys))
                + b"".join(self.keys) + b"".join(infos))
        with open(path, "wb") as out:
            out.write(head + bytes(-len(head) % ALIGNMENT))
            for _, _, _, read in self.tensors:
                data = read()
                out.write(data)
                out.write(bytes(-len(data) % ALIGNMENT))


def add(file, folder, name, source, kind=F32, heads=0):
    """A tensor; with `heads`, rows of each head from halves to pairs, as llama.cpp rotates them."""
    def read():
        data = folder.read(source, kind)
        if not heads:
            return data
        count = folder.shape(source)[0]
        row = len(data) // count
        half = count // heads // 2
        order = [h * 2 * half + part * half + i
                 for h in range(heads) for i in range(half) for part in range(2)]
        return b"".join(data[r * row:(r + 1) * row] for r in order)

    file.tensor(name, folder.shape(source), kind, read)


def add_tokeniser(file, folder, size):
    tokens = folder.json("tokenizer.json")
    settings = folder.json("tokenizer_config.json")
    texts = {i: text for text, i in tokens["model"]["vocab"].items()}
    kinds = {i: NORMAL for i in texts}
    for token in tokens["added_tokens"]:
        texts[token["id"]] = token["content"]
        kinds[token["id"]] = CONTROL
    numbers = {text: i for i, text in texts.items()}
    merges = [m if isinstance(m, str) else " ".join(m) for m in tokens["model"]["merges"]]
    split = json.dumps(tokens["pre_tokenizer"])
    if "Regex" in split:
        raise SystemExit("only tokenisers that split as GPT-2's are written")
    file.key("tokenizer.ggml.model", STRING, "gpt2")
    file.key("tokenizer.ggml.pre", STRING, "gpt-2")
    file.array("tokenizer.ggml.tokens", STRING,
               [texts.get(i, f"[unused {i}]") for i in range(size)])
    file.array("tokenizer.ggml.token_type", INT32, [kinds.get(i, CONTROL) for i in range(size)])
    file.array("tokenizer.ggml.merges", STRING, merges)
    file.key("tokenizer.ggml.bos_token_id", UINT32, numbers[settings["bos_token"]])
    file.key("tokenizer.ggml.eos_token_id", UINT32, numbers[settings["eos_token"]])
    file.key("tokenizer.ggml.add_bos_token", BOOL, True)
    template = folder.path / "chat_template.jinja"
    file.key("tokenizer.chat_template", STRING, template.read_text())


def rope_factors(scaling, size, base):
    """What llama.cpp divides the frequencies by: the rule of Llama 3.1's `rope_scaling`."""
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    context = scaling["original_max_position_embeddings"]
    factors = []
    for i in range(size // 2):
        length = 2 * 3.141592653589793 * base ** (2 * i / size)
        if length < context / high:
            factors.append(1.0)
        elif length > context / low:
            factors.append(scaling["factor"])
        else:
            smooth = (context / length - low) / (high - low)
            factors.append(1.0 / ((1.0 - smooth) / scaling["factor"] + smooth))
    return factors


def text_file(folder, kind=F32):
    config = folder.config["text_config"]
    heads = config["num_attention_heads"]
    grouped = config.get("num_key_value_heads", heads)
    size = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or {
        "rope_theta": config.get("rope_theta", 10000.0), **(config.get("rope_scaling") or {})}
    file = File()
    file.key("general.architecture", STRING, "llama")
    for name, value in (("context_length", config["max_position_embeddings"]),
                        ("embedding_length", config["hidden_size"]),
                        ("block_count", config["num_hidden_layers"]),
                        ("feed_forward_length", config["intermediate_size"]),
                        ("attention.head_count", heads), ("attention.head_count_kv", grouped),
                        ("attention.key_length", size), ("attention.value_length", size),
                        ("rope.dimension_count", size), ("vocab_size", config["vocab_size"])):
        file.key("llama." + name, UINT32, value)
    file.key("llama.rope.freq_base", FLOAT32, rope["rope_theta"])
    file.key("llama.attention.layer_norm_rms_epsilon", FLOAT32, config.get("rms_norm_eps", 1e-6))
    add_tokeniser(file, folder, config["vocab_size"])
    if rope.get("rope_type") == "llama3":
        factors = rope_factors(rope, size, rope["rope_theta"])
        file.tensor("rope_freqs.weight", [len(factors)], F32,
                    lambda: struct.pack(f"<{len(factors)}f", *factors))
    add(file, folder, "token_embd.weight", "text.embed_tokens.weight", kind)
    add(file, folder, "output_norm.weight", "text.norm.weight")
    if "lm_head.weight" in folder and not folder.config.get("tie_word_embeddings", False):
        add(file, folder, "output.weight", "lm_head.weight", kind)
    for layer in range(config["num_hidden_layers"]):
        source, target = f"text.layers.{layer}.", f"blk.{layer}."
        add(file, folder, target + "attn_norm.weight", source + "input_layernorm.weight")
        add(file, folder, target + "ffn_norm.weight", source + "post_attention_layernorm.weight")
        for name, part, rotated in (
                ("attn_q", "self_attn.q_proj", heads), ("attn_k", "self_attn.k_proj", grouped),
                ("attn_v", "self_attn.v_proj", 0), ("attn_output", "self_attn.o_proj", 0),
                ("ffn_gate", "mlp.gate_proj", 0), ("ffn_up", "mlp.up_proj", 0),
                ("ffn_down", "mlp.down_proj", 0)):
            add(file, folder, f"{target}{name}.weight", f"{source}{part}.weight", kind, rotated)
            if f"{source}{part}.bias" in folder:
                add(file, folder, f"{target}{name}.bias", f"{source}{part}.bias", F32, rotated)
    return file


def vision_file(folder):
    config = folder.config["vision_config"]
    settings = folder.json("processor_config.json")["image_processor"]
    # llama.cpp's tower for LLaVA ends one layer before the last: layer -2 of the reference.
    if folder.config.get("vision_feature_layer", -2) != -2:
        raise SystemExit("only a vision_feature_layer of -2 is written")
    file = File()
    file.key("general.architecture", STRING, "clip")
    file.key("clip.has_vision_encoder", BOOL, True)
    file.key("clip.projector_type", STRING, "mlp")
    file.key("clip.use_gelu", BOOL, config["hidden_act"] == "gelu")
    for name, value in (("image_size", config["image_size"]), ("patch_size", config["patch_size"]),
                        ("embedding_length", config["hidden_size"]),
                        ("feed_forward_length", config["intermediate_size"]),
                        ("block_count", config["num_hidden_layers"]),
                        ("projection_dim", folder.config["text_config"]["hidden_size"]),
                        ("attention.head_count", config["num_attention_heads"])):
        file.key("clip.vision." + name, UINT32, value)
    file.key("clip.vision.attention.layer_norm_epsilon", FLOAT32, config["layer_norm_eps"])
    file.array("clip.vision.image_mean", FLOAT32, settings["image_mean"])
    file.array("clip.vision.image_std", FLOAT32, settings["image_std"])
    tower = "vision_tower."
    add(file, folder, "v.class_embd", tower + "embeddings.class_embedding")
    add(file, folder, "v.patch_embd.weight", tower + "embeddings.patch_embedding.weight")
    add(file, folder, "v.position_embd.weight", tower + "embeddings.position_embedding.weight")
    parts = [("v.pre_ln", tower + "pre_layrnorm"), ("mm.0", "multi_modal_projector.linear_1"),
             ("mm.2", "multi_modal_projector.linear_2")]
    for layer in range(config["num_hidden_layers"]):
        source, target = f"{tower}encoder.layers.{layer}.", f"v.blk.{layer}."
        parts += [(target + name, source + part) for name, part in (
            ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"),
            ("attn_v", "self_attn.v_proj"), ("attn_out", "self_attn.out_proj"),
            ("ln1", "layer_norm1"), ("ln2", "layer_norm2"), ("ffn_up", "mlp.fc1"),
            ("ffn_down", "mlp.fc2"))]
    for target, source in parts:
        add(file, folder, target + ".weight", source + ".weight")
        if source + ".bias" in folder:
            add(file, folder, target + ".bias", source + ".bias")
    return file


def main():
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if len(paths) not in (2, 3) or set(sys.argv[1:]) - set(paths) - {"--bf16"}:
        raise SystemExit(__doc__)
    folder = Folder(paths[0])
    text_file(folder, BF16 if "--bf16" in sys.argv else F32).write(paths[1])
    if len(paths) == 3:
        vision_file(folder).write(paths[2])


if __name__ == "__main__":
    main()
