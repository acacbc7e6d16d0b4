"""Writes the folders `sparse` and `dense`: small random networks with every kind of layer, pictures,
and what siamese_cnn.py makes of them. Norms, biases and running statistics are random too."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from siamese_cnn import SiameseCnn, tensors_of

SPARSE = {
    "model_type": "siamese_cnn",
    "classes": ["a", "b", "c"],
    "task": "test",
    "input": {"channels": 1, "sparse": True, "inverted": True},
    "join": "mean_max",
    "branch": [
        {"type": "conv", "kernel": 3, "stride": 2, "out": 8},
        {"type": "inverted_residual", "kernel": 3, "out": 8, "activation": "relu6"},
        {"type": "inverted_residual", "kernel": 5, "stride": 2, "expand": 24, "out": 12, "squeeze": True},
        {"type": "inverted_residual", "kernel": 3, "expand": 20, "out": 12, "squeeze": True,
         "activation": "hard_swish"},
    ],
    "trunk": [
        {"type": "max_pool", "kernel": 2, "stride": 2},
        {"type": "inverted_residual", "kernel": 5, "expand": 40, "out": 24, "squeeze": True,
         "activation": "hard_swish"},
        {"type": "dropout", "rate": 0.1},
        {"type": "inverted_residual", "kernel": 5, "expand": 33, "out": 24, "activation": "hard_swish"},
        {"type": "conv", "kernel": 1, "out": 40, "activation": "hard_swish"},
    ],
    "head": {"hidden": [20], "activation": "hard_swish", "dropout": 0.2},
}
DENSE = {
    "model_type": "siamese_cnn",
    "classes": ["x", "y"],
    "task": "test",
    "input": {"channels": 3, "sparse": False},
    "join": "concat",
    "views": 2,
    "norm_eps": 1e-5,
    "branch": [
        {"type": "conv", "kernel": 5, "out": 8, "norm": False, "activation": "relu"},
        {"type": "max_pool", "kernel": 2, "stride": 2},
        {"type": "conv", "kernel": 3, "stride": 2, "out": 12, "activation": "relu"},
    ],
    "trunk": [{"type": "conv", "kernel": 8, "stride": 8, "out": 24, "norm": False, "activation": "relu"}],
    "head": {},
}


def weights_of(config, generator):
    weights = {}
    for name, shape in tensors_of(config).items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            values = values.abs() + 0.5
        elif name.endswith("norm.weight"):
            values = 1 + 0.3 * values
        elif len(shape) > 1:
            values *= (2.0 / values[0].numel()) ** 0.5
        else:
            values *= 0.3
        weights[name] = values
    # Logits spread by more than 1, so that a missing part shows.
    last = max(name for name in weights if name.startswith("head.") and name.endswith("weight"))
    weights[last] *= 4
    return weights


def tracks(height, width, generator):
    """A map with few dark places on white."""
    image = torch.full((height, width, 1), 255, dtype=torch.uint8)
    for _ in range(3):
        y, x, dy, dx = torch.rand(4, generator=generator).tolist()
        for i in range(60):
            row = int(y * height + (dy - 0.5) * i)
            column = int(x * width + dx * i)
            if 0 <= row < height and 0 <= column < width:
                image[row, column] = int(torch.randint(0, 220, (1,), generator=generator))
    return image.expand(-1, -1, 3).contiguous()


def write(folder, config, samples, generator):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    weights = weights_of(config, generator)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    model = SiameseCnn.load(folder)
    expected = {}
    with torch.no_grad():
        for i, views in enumerate(samples):
            for v, image in enumerate(views):
                expected[f"{i}.view.{v}"] = image.clone()
            expected[f"{i}.logits"] = model.logits(views)
    for i, views in enumerate(samples):
        expected[f"{i}.class_map"] = model.class_map(views, 1)
    save_file(expected, folder / "expected.safetensors")
    print(folder.name, [expected[f"{i}.logits"].tolist() for i in range(len(samples))])


def main():
    here = Path(__file__).parent
    generator = torch.Generator().manual_seed(11)
    blank = torch.full((40, 32, 3), 255, dtype=torch.uint8)
    sparse = [
        [tracks(64, 96, generator), tracks(64, 96, generator)],
        [tracks(70, 51, generator), tracks(64, 80, generator), tracks(33, 47, generator)],
        [tracks(90, 64, generator)],
        [blank, tracks(48, 48, generator)],
        [blank],
    ]
    write(here / "sparse", SPARSE, sparse, generator)
    picture = lambda: torch.randint(0, 256, (32, 32, 3), generator=generator, dtype=torch.uint8)
    write(here / "dense", DENSE, [[picture(), picture()], [picture(), picture()]], generator)


main()
