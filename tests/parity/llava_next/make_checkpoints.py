#!/usr/bin/env python3
"""Makes the checkpoints and fixtures of this folder: small random LLaVA-NeXT models, as those of
tests/parity/llava.

    make_checkpoints.py [OUT_DIR]
"""
import pathlib
import sys

import torch

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from checkpoints import CLIP, MISTRAL, VICUNA, byte_level, make, sentence_piece, write_pictures  # noqa: E402
from transformers import (  # noqa: E402
    CLIPVisionConfig, LlamaConfig, LlavaNextConfig, LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor, LlavaNextProcessor, MistralConfig)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    # Shapes whose padding is odd, none, more than a tile, and one that is smaller than a patch.
    write_pictures(out, 11, [("wide", 90, 37), ("tall", 23, 61), ("tiny", 5, 4), ("large", 130, 120),
                             ("strip", 150, 7), ("square", 24, 24)])
    grid = [[24, 48], [48, 24], [48, 48], [72, 24], [24, 72]]

    tokenizer = sentence_piece(340)
    mistral = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**CLIP),
        text_config=MistralConfig(
            vocab_size=len(tokenizer), hidden_size=36, intermediate_size=60,
            num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=3, head_dim=8,
            max_position_embeddings=1024, sliding_window=31,
            rope_parameters={"rope_type": "default", "rope_theta": 1000.0}),
        image_token_index=tokenizer.image_token_id, image_grid_pinpoints=grid)
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessor(
            size={"shortest_edge": 24}, crop_size={"height": 24, "width": 24},
            image_grid_pinpoints=grid),
        tokenizer=tokenizer, patch_size=6, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=MISTRAL)
    make(out / "mistral", LlavaNextForConditionalGeneration, mistral, processor, 3, torch.bfloat16, {
        "wide": {"images": ["../../images/wide.png"], "text": "[INST] <image>\nWhich galaxy? [/INST]"},
        "pair": {"images": ["../../images/tall.png", "../../images/large.png"],
                 "text": "[INST] <image>\nand <image>\nspiral or disk? [/INST]"},
        "three": {"images": ["../../images/strip.png", "../../images/square.png", "../../images/tiny.png"],
                  "messages": [{"role": "user", "content": [
                      {"type": "image"}, {"type": "image"}, {"type": "image"},
                      {"type": "text", "text": "Which one is an artifact?"}]}]},
    })

    # Another grid, several feature layers, no projector bias, a processor with height and width.
    grid = [[24, 24], [48, 72], [96, 24]]
    tokenizer = byte_level(300)
    vicuna = LlavaNextConfig(
        vision_config=CLIPVisionConfig(**CLIP | dict(hidden_act="gelu", num_attention_heads=4)),
        text_config=LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=40, intermediate_size=72,
            num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=512,
            attention_bias=True, bos_token_id=0, eos_token_id=1, rms_norm_eps=1e-5),
        image_token_index=tokenizer.image_token_id, image_grid_pinpoints=grid,
        vision_feature_layer=[-3, 3], multimodal_projector_bias=False)
    processor = LlavaNextProcessor(
        image_processor=LlavaNextImageProcessor(
            size={"height": 24, "width": 24}, crop_size={"height": 24, "width": 24}, resample=2,
            image_grid_pinpoints=grid),
        tokenizer=tokenizer, patch_size=6, vision_feature_select_strategy="default",
        num_additional_image_tokens=1, chat_template=VICUNA)
    make(out / "vicuna", LlavaNextForConditionalGeneration, vicuna, processor, 4, torch.float32, {
        "large": {"images": ["../../images/large.png"], "text": "USER: <image>\nshape? ASSISTANT:"},
        "pair": {"images": ["../../images/strip.png", "../../images/tall.png"], "messages": [
            {"role": "user", "content": [{"type": "image"}, {"type": "image"},
                                         {"type": "text", "text": "Category 1?"}]}]},
        "ids": {"images": [], "input_ids": [0, 40, 290, 7, 7, 290, 281, 200, 9, 60, 61, 62, 201, 202]},
    })


if __name__ == "__main__":
    main()
