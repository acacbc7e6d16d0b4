#!/usr/bin/env python3
"""Makes the checkpoints and fixtures of this folder: small random LLaVA models whose norms and
biases are random too, so that a part left out shows in the result.

    make_checkpoints.py [OUT_DIR]

With the libraries named in tests/parity/checkpoints.py.
"""
import pathlib
import sys

import torch

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from checkpoints import CLIP, MISTRAL, VICUNA, byte_level, make, sentence_piece, write_pictures  # noqa: E402
from transformers import (  # noqa: E402
    CLIPImageProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration,
    LlavaImageProcessor, LlavaProcessor, MistralConfig)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write_pictures(out, 7, [("wide", 90, 37), ("tall", 23, 61), ("tiny", 5, 4), ("large", 130, 120)])

    tokenizer = byte_level(300)
    llama = LlavaConfig(
        vision_config=CLIPVisionConfig(**CLIP),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=40, intermediate_size=72,
            num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=12,
            max_position_embeddings=256, attention_bias=True, mlp_bias=True, bos_token_id=0, eos_token_id=1,
            rms_norm_eps=1e-5,
            rope_parameters={"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0,
                             "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                             "original_max_position_embeddings": 64}),
        image_token_index=tokenizer.image_token_id, image_seq_length=16,
        vision_feature_layer=-2)
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(
            size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24}),
        tokenizer=tokenizer, patch_size=6, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=VICUNA)
    make(out / "llama", LlavaForConditionalGeneration, llama, processor, 1, torch.bfloat16, {
        "wide": {"images": ["../../images/wide.png"], "text": "USER: <image>\nWhich galaxy? ASSISTANT:"},
        "pair": {"images": ["../../images/tall.png", "../../images/large.png"],
                 "text": "USER: <image>\nand <image>\ncompare them: spiral or disk? ASSISTANT:"},
        "chat": {"images": ["../../images/tiny.png"], "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Category 1?"}]}]},
    })

    tokenizer = sentence_piece(340)
    mistral = LlavaConfig(
        vision_config=CLIPVisionConfig(**CLIP | dict(hidden_act="gelu", num_attention_heads=4)),
        text_config=MistralConfig(
            vocab_size=len(tokenizer), hidden_size=36, intermediate_size=60,
            num_hidden_layers=2, num_attention_heads=6, num_key_value_heads=3, head_dim=8,
            max_position_embeddings=512, sliding_window=11, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 1000.0}),
        image_token_index=tokenizer.image_token_id, image_seq_length=17,
        vision_feature_layer=[-3, 3], vision_feature_select_strategy="full",
        multimodal_projector_bias=False)
    processor = LlavaProcessor(
        image_processor=LlavaImageProcessor(
            size={"height": 24, "width": 24}, do_center_crop=False, do_pad=True, resample=2),
        tokenizer=tokenizer, patch_size=6, vision_feature_select_strategy="full",
        num_additional_image_tokens=1, chat_template=MISTRAL)
    make(out / "mistral", LlavaForConditionalGeneration, mistral, processor, 2, torch.float32, {
        "tall": {"images": ["../../images/tall.png"], "text": "[INST] <image>\nsmooth or spiral? [/INST]"},
        "two": {"images": ["../../images/wide.png", "../../images/tiny.png"],
                "text": "[INST] a round galaxy <image> and an artifact <image>: which? [/INST]"},
        "ids": {"images": [], "input_ids": [1, 40, 300, 7, 7, 290, 281, 330, 9, 60, 61, 62, 301, 302]},
    })


if __name__ == "__main__":
    main()
