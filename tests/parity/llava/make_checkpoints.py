#!/usr/bin/env python3
"""Makes the checkpoints and fixtures of this folder: small random LLaVA models whose norms and
biases are random too, so that a part left out shows in the result.

    make_checkpoints.py [OUT_DIR]

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
from transformers import (
    CLIPImageProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration,
    LlavaImageProcessor, LlavaProcessor, MistralConfig, PreTrainedTokenizerFast)

import make_fixture

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
    return tokenizer


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
    return tokenizer


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


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for name, width, height in [("wide", 90, 37), ("tall", 23, 61), ("tiny", 5, 4), ("large", 130, 120)]:
        picture(width, height, len(name) * 7 + width).save(images / f"{name}.png")

    clip = dict(hidden_size=32, intermediate_size=56, num_hidden_layers=3, num_attention_heads=2,
                image_size=24, patch_size=6)

    tokenizer = byte_level(300)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        extra_special_tokens={"image_token": "<image>"})
    llama = LlavaConfig(
        vision_config=CLIPVisionConfig(**clip),
        text_config=LlamaConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=40, intermediate_size=72,
            num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=12,
            max_position_embeddings=256, attention_bias=True, mlp_bias=True, bos_token_id=0, eos_token_id=1,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0,
                             "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                             "original_max_position_embeddings": 64}),
        image_token_index=tokenizer.token_to_id("<image>"), image_seq_length=16,
        vision_feature_layer=-2)
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(
            size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}),
        tokenizer=fast, patch_size=6, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=VICUNA)
    make(out / "llama", llama, processor, 1, torch.bfloat16, {
        "wide": {"images": ["../../images/wide.png"], "text": "USER: <image>\nWhich galaxy? ASSISTANT:"},
        "pair": {"images": ["../../images/tall.png", "../../images/large.png"],
                 "text": "USER: <image>\nand <image>\ncompare them: spiral or disk? ASSISTANT:"},
        "chat": {"images": ["../../images/tiny.png"], "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Category 1?"}]}]},
    })

    tokenizer = sentence_piece(340)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        unk_token="<unk>", extra_special_tokens={"image_token": "<image>"})
    clip.update(hidden_act="gelu", num_attention_heads=4)
    mistral = LlavaConfig(
        vision_config=CLIPVisionConfig(**clip),
        text_config=MistralConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=36, intermediate_size=60,
            num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=3, head_dim=8,
            max_position_embeddings=512, sliding_window=11, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000.0}),
        image_token_index=tokenizer.token_to_id("<image>"), image_seq_length=17,
        vision_feature_layer=[-3, 3], vision_feature_select_strategy="full",
        multimodal_projector_bias=False)
    processor = LlavaProcessor(
        image_processor=LlavaImageProcessor(
            size={"height": 24, "width": 24}, do_center_crop=False, do_pad=True, resample=2),
        tokenizer=fast, patch_size=6, vision_feature_select_strategy="full",
        num_additional_image_tokens=1, chat_template=MISTRAL)
    make(out / "mistral", mistral, processor, 2, torch.float32, {
        "tall": {"images": ["../../images/tall.png"], "text": "[INST] <image>\nsmooth or spiral? [/INST]"},
        "two": {"images": ["../../images/wide.png", "../../images/tiny.png"],
                "text": "[INST] a round galaxy <image> and an artifact <image>: which? [/INST]"},
        "ids": {"images": [], "input_ids": [1, 40, 300, 7, 7, 290, 281, 330, 9, 60, 61, 62, 301, 302]},
    })


def make(folder, config, processor, seed, dtype, cases, kind=LlavaForConditionalGeneration):
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


if __name__ == "__main__":
    main()
