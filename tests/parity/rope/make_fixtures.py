#!/usr/bin/env python3
"""Writes rope.json: the rotary frequencies that transformers gives a Llama for every kind of
rope_parameters, below and beyond the lengths that matter to it, and what its sines and cosines are
multiplied by.

Made with torch 2.15.0, transformers 5.23.0.
"""
import json
import pathlib

import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

SHORT, LONG = [1.0, 1.25, 1.5, 2.0, 2.5, 3.0], [1.0, 2.0, 4.0, 6.0, 9.0, 13.0]
LENGTHS = [50, 100, 101, 400, 401, 1000]
SCALINGS = [
    {"rope_type": "default"},
    {"rope_type": "linear", "factor": 2.5},
    {"rope_type": "dynamic", "factor": 2.0},
    {"rope_type": "dynamic", "factor": 4.5},
    {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
     "original_max_position_embeddings": 100},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100, "truncate": False},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100,
     "beta_fast": 8.0, "beta_slow": 2.0, "attention_factor": 0.875},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100,
     "mscale": 1.0, "mscale_all_dim": 0.5},
    {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 100, "mscale": 0.5},
    {"rope_type": "yarn", "factor": 2.0},
    {"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 1},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG,
     "original_max_position_embeddings": 100},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "factor": 3.0,
     "original_max_position_embeddings": 100},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "attention_factor": 1.5,
     "original_max_position_embeddings": 100},
    {"rope_type": "proportional", "partial_rotary_factor": 0.5, "factor": 2.0},
]


def main():
    cases = []
    for scaling in SCALINGS:
        for theta in (10000.0, 500.0):
            text = {"model_type": "llama", "hidden_size": 48, "num_attention_heads": 4,
                    "max_position_embeddings": 400, "rope_parameters": {"rope_theta": theta, **scaling}}
            rope = LlamaRotaryEmbedding(LlamaConfig(**json.loads(json.dumps(text))))
            lengths = []
            for length in LENGTHS:
                rope(torch.zeros(1), torch.arange(length)[None])
                lengths.append({"length": length, "frequencies": rope.inv_freq.tolist()})
            cases.append({"text_config": text, "attention_factor": rope.attention_scaling,
                          "lengths": lengths})
    lines = ",\n".join(json.dumps(case) for case in cases)
    (pathlib.Path(__file__).parent / "rope.json").write_text("[" + lines + "]\n")


if __name__ == "__main__":
    main()
