#!/usr/bin/env python3
"""Writes what transformers 5.23.0 makes of pictures of many sizes: tiles and positions of
LLaVA-NeXT, canvas and scaled size of Llama 3.2 Vision.

    make_fixtures.py [OUT.json]
"""
import json
import pathlib
import random
import sys

from transformers import LlavaNextImageProcessor, LlavaNextProcessor
from transformers.image_processing_utils import select_best_resolution
from transformers.models.mllama.image_processing_mllama import (
    get_image_size_fit_to_canvas, get_optimal_tiled_canvas)

GRIDS = {
    "published": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
    "other": [[336, 336], [672, 1008], [1344, 336], [1008, 1008], [672, 672]],
}


def sizes():
    random.seed(11)
    fixed = [(1, 1), (1, 4000), (4000, 1), (336, 336), (672, 672), (671, 672), (337, 336), (512, 512), (64, 64),
             (560, 560), (561, 560), (1120, 1120), (1119, 560), (424, 424), (2241, 560), (3000, 2000), (500, 333)]
    drawn = [(int(2 ** random.uniform(0, 12)), int(2 ** random.uniform(0, 12))) for _ in range(180)]
    return fixed + drawn


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "layouts.json")
    result = {"grids": GRIDS, "llava_next": [], "mllama": []}

    class Tokenizer:
        image_token, image_token_id = "<image>", 0

    for name, grid in GRIDS.items():
        processor = LlavaNextProcessor.__new__(LlavaNextProcessor)
        processor.image_processor = LlavaNextImageProcessor(image_grid_pinpoints=grid)
        processor.patch_size, processor.num_additional_image_tokens = 14, 1
        for width, height in sizes():
            best = select_best_resolution((height, width), grid)
            tokens = processor._get_number_of_features(height, width, 336, 336) - 1
            result["llava_next"].append([name, width, height, *best, tokens])
    for tile, tiles in [(560, 4), (448, 4), (20, 3), (336, 6)]:
        for width, height in sizes():
            canvas_height, canvas_width = get_optimal_tiled_canvas(height, width, tiles, tile)
            new_height, new_width = get_image_size_fit_to_canvas(
                height, width, canvas_height, canvas_width, tile)
            result["mllama"].append([tile, tiles, width, height, int(canvas_height) // tile,
                                     int(canvas_width) // tile, int(new_height), int(new_width)])
    rows = {key: "[\n" + ",\n".join(json.dumps(row) for row in result[key]) + "\n]"
            for key in ("llava_next", "mllama")}
    out.write_text('{"grids": %s,\n"llava_next": %s,\n"mllama": %s}\n'
                   % (json.dumps(GRIDS), rows["llava_next"], rows["mllama"]))


if __name__ == "__main__":
    main()
