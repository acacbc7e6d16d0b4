#!/usr/bin/env python3
"""Makes the checkpoints and fixtures of this folder: small random models of the type of Llama 3.2
Vision, as those of tests/parity/llava. Gates, which are zero in a fresh model, are random too.

    make_checkpoints.py [OUT_DIR]
"""
import pathlib
import sys

import torch

FOLDER = pathlib.Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from checkpoints import LLAMA3, llama3, make, write_pictures  # noqa: E402
from transformers import (  # noqa: E402
    MllamaConfig, MllamaForConditionalGeneration, MllamaImageProcessor, MllamaProcessor)


def message(text, images):
    return [{"role": "user", "content": [{"type": "image"}] * images + [{"type": "text", "text": text}]}]


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    # 1, 2, 3 and 4 tiles; larger and smaller than a tile, a line.
    write_pictures(out, 13, [("wide", 90, 37), ("tall", 23, 61), ("tiny", 5, 4), ("large", 130, 120),
                             ("strip", 150, 7), ("square", 24, 24)])

    def tokens(fast):
        return dict(bos_token_id=fast.bos_token_id, eos_token_id=fast.eos_token_id,
                    pad_token_id=fast.pad_token_id)

    fast = llama3(310, adds_bos=True)
    image_token = fast.convert_tokens_to_ids("<|image|>")
    grouped = MllamaConfig(
        vision_config=dict(
            hidden_size=32, intermediate_size=56, num_hidden_layers=4, num_global_layers=2,
            attention_heads=2, image_size=24, patch_size=6, vision_output_dim=96,
            intermediate_layers_indices=[1, 3]),
        text_config=dict(
            vocab_size=image_token, hidden_size=48, intermediate_size=72, num_hidden_layers=5,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
            cross_attention_layers=[1, 3], **tokens(fast),
            rope_parameters={"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0,
                             "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                             "original_max_position_embeddings": 64}),
        image_token_index=image_token)
    processor = MllamaProcessor(
        image_processor=MllamaImageProcessor(
            size={"height": 24, "width": 24}, image_mean=[0.48145466, 0.4578275, 0.40821073],
            image_std=[0.26862954, 0.26130258, 0.27577711]),
        tokenizer=fast, chat_template=LLAMA3)
    make(out / "grouped", MllamaForConditionalGeneration, grouped, processor, 5, torch.bfloat16, {
        "tiny": {"images": ["../../images/tiny.png"], "text": "<|image|>Which galaxy is it?"},
        "pair": {"images": ["../../images/wide.png", "../../images/tall.png"],
                 "messages": message("spiral or disk?", 2)},
        "apart": {"images": ["../../images/large.png", "../../images/strip.png", "../../images/square.png"],
                  "text": "Compare <|image|> with<|image|><|image|>: which?"},
    })

    # Another number of tiles, cross-attention last, no rope scaling, bicubic.
    fast = llama3(305, adds_bos=False)
    image_token = fast.convert_tokens_to_ids("<|image|>")
    layouts = [[h, w] for h in range(1, 4) for w in range(1, 4) if h * w <= 3]
    three = MllamaConfig(
        vision_config=dict(
            hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_global_layers=1,
            attention_heads=3, image_size=20, patch_size=4, vision_output_dim=96, max_num_tiles=3,
            intermediate_layers_indices=[0, 2, 1], hidden_act="quick_gelu",
            supported_aspect_ratios=layouts),
        text_config=dict(
            vocab_size=image_token, hidden_size=40, intermediate_size=64, num_hidden_layers=4,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=256,
            cross_attention_layers=[1, 3], **tokens(fast),
            rope_parameters={"rope_type": "default", "rope_theta": 1000.0}),
        image_token_index=image_token)
    processor = MllamaProcessor(
        image_processor=MllamaImageProcessor(
            size={"height": 20, "width": 20}, max_image_tiles=3, resample=3),
        tokenizer=fast, chat_template=LLAMA3)
    make(out / "three-tiles", MllamaForConditionalGeneration, three, processor, 6, torch.float32, {
        "wide": {"images": ["../../images/wide.png"], "messages": message("Category 1?", 1)},
        "two": {"images": ["../../images/tall.png", "../../images/large.png"],
                "text": "<|image|>a round galaxy. <|image|>an artifact: which?"},
        "ids": {"images": [], "input_ids": [256, 40, 290, 7, 7, 290, 281, 200, 9, 60, 61, 62, 201, 202]},
    })


if __name__ == "__main__":
    main()
