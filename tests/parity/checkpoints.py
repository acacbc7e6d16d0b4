"""What the scripts that make checkpoints share: small tokenisers, random weights, pictures, fixtures.

Made with torch 2.15.0, torchvision 0.29.2, transformers 5.23.0, tokenizers 0.23.3, pillow 13.0.0,
numpy 2.4.6.
"""
import json
import pathlib
import sys

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

sys.path.insert(0, str(pathlib.Path(__file__).parent / "llava"))

import make_fixture  # noqa: E402

# A tower that all models of a CLIP tower have.
CLIP = dict(hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=2,
            image_size=24, patch_size=6)

CORPUS = [
    "Classify the galaxy in the image by its shape. Answer with the name of the class.",
    "smooth round galaxy, edge-on disk, spiral galaxy with arms, cigar shaped, artifact, LSBG",
    "Category 0 Category 1 Category 2: a diffuse object of low surface brightness",
    "USER: ASSISTANT: [INST] [/INST] you are an expert in astronomy",
] * 4

VICUNA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}"
    "{{ message['role'].upper() + ': '}}{% endif %}"
    "{# Render all images first #}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}"
    "{{ '<image>\n' }}{% endfor %}"
    "{# Render all text next #}"
    "{% if message['role'] != 'assistant' %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{{ content['text'] + ' '}}{% endfor %}{% else %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}"
    "{% generation %}{{ content['text'] + ' '}}{% endgeneration %}{% endfor %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}")
MISTRAL = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' }}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}{{ '<image>\n' }}"
    "{% else %}{{ content['text'] }}{% endif %}{% endfor %}{{ ' [/INST]' }}"
    "{% elif message['role'] == 'system' %}"
    "{{ '<<SYS>>\n' + message['content'][0]['text'] + '\n<</SYS>>\n\n' }}"
    "{% else %}{{ ' ' + message['content'][0]['text'] + eos_token }}{% endif %}{% endfor %}")


LLAMA3 = (
    "{{- bos_token }}{% for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{% if message['content'] is string %}{{- message['content'] }}{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}{{- '<|image|>' }}"
    "{% else %}{{- content['text'] }}{% endif %}{% endfor %}{% endif %}{{- '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}")
SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>",
           "<|python_tag|>", "<|finetune_right_pad_id|>"]


def byte_level(vocab):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab, special_tokens=["<s>", "</s>", "<pad>", "<image>"], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"})


def sentence_piece(vocab):
    """As converted Llama tokenisers are: BPE over characters with byte fallback."""
    pieces = Tokenizer(models.BPE())
    pieces.normalizer = normalizers.Replace(" ", "\u2581")
    pieces.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=vocab - 259, show_progress=False))
    learned = json.loads(pieces.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{i:02X}>" for i in range(256)]
    names += [t for t, _ in sorted(learned["vocab"].items(), key=lambda item: item[1])]
    tokenizer = Tokenizer(models.BPE(
        vocab={name: i for i, name in enumerate(names)},
        merges=[tuple(m) for m in learned["merges"]], unk_token="<unk>", fuse_unk=True,
        byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(),
         decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.add_special_tokens([AddedToken("<image>", normalized=False), AddedToken("<pad>", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        unk_token="<unk>", extra_special_tokens={"image_token": "<image>"})


def llama3(vocab, adds_bos):
    """As Llama 3's tokeniser is, with the image token behind the vocabulary of the output layer."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=vocab - len(SPECIAL), show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet())))
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in SPECIAL + ["<|image|>"]])
    if adds_bos:
        bos = "<|begin_of_text|>"
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B",
            special_tokens=[(bos, tokenizer.token_to_id(bos))])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>",
        pad_token="<|finetune_right_pad_id|>")


@torch.no_grad()
def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)

    def noise(p):
        return torch.randn(p.shape, generator=generator)

    for name, p in model.named_parameters():
        if "norm" in name and name.endswith("weight"):
            p.copy_(1.0 + 0.3 * noise(p))
        elif name.endswith("bias"):
            p.copy_(0.3 * noise(p))
        elif "lm_head" in name or "embed_tokens" in name:
            p.copy_(0.35 * noise(p))
        elif "newline" in name:
            p.copy_(0.8 * noise(p))
        elif "gate" in name and p.numel() == 1:
            p.copy_(0.7 + 0.3 * noise(p).abs())
        elif "embedding" in name:
            p.copy_(0.5 * noise(p) if "patch" not in name else 0.1 * noise(p))
        else:
            p.copy_(1.3 / p.shape[1] ** 0.5 * noise(p))
        p.copy_(p.bfloat16().float())  # stored as bf16 where that halves a file


def picture(width, height, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for c in range(3):
        a, b, t = rng.uniform(0.02, 0.3, 3)
        planes.append(127 + 80 * np.sin(a * x + b * y + 6 * t) + 8 * rng.standard_normal((height, width)))
    return Image.fromarray(np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8))


def write_pictures(out, step, sizes):
    """A picture for each (name, width, height)."""
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, width, height in sizes:
        picture(width, height, len(name) * step + width).save(images / f"{name}.png")


def make(folder, kind, config, processor, seed, dtype, cases):
    """A checkpoint of the class `kind`, and a fixture of each of `cases`, {name: inputs.json}."""
    torch.manual_seed(seed)
    model = kind._from_config(config, attn_implementation="eager").eval()
    randomise(model, seed)
    model.to(dtype).save_pretrained(folder)
    processor.save_pretrained(folder)
    model = kind.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    for i, (name, inputs) in enumerate(cases.items()):
        # One case has every stage; the others leave out what would only make the files larger.
        stages = make_fixture.write(model, processor, inputs, folder / name, folder / name,
                                    keep=lambda stage: i == 0 or not stage.startswith("hidden"))
        print(folder.name, name, tuple(stages["logits"].shape),
              "logits' deviation %.2f" % stages["logits"].std().item())
