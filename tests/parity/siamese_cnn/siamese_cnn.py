"""The siamese CNN of docs/networks.md in PyTorch: dense convolutions, everything outside of the
sites set to zero after each step. Reads the project's model folders."""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file


def activate(x, name):
    if name == "relu":
        return F.relu(x)
    if name == "relu6":
        return F.relu6(x)
    if name == "hard_swish":
        return F.hardswish(x)
    return x


def divisible_by_8(width):
    rounded = max(8, (width + 4) // 8 * 8)
    return rounded + 8 if rounded * 10 < width * 9 else rounded


class SiameseCnn:
    def __init__(self, config, weights):
        self.config = config
        self.w = weights
        self.eps = config.get("norm_eps", 1e-3)

    @staticmethod
    def load(folder):
        folder = Path(folder)
        config = json.loads((folder / "config.json").read_text())
        return SiameseCnn(config, load_file(folder / "model.safetensors"))

    def charges(self, image):
        """u8 [H,W,C] -> charge [1,C,H,W] and the mask of sites [1,1,H,W]."""
        settings = self.config["input"]
        levels = image.to(torch.int64)
        if settings.get("inverted", False):
            levels = 255 - levels
        charge = levels.permute(2, 0, 1).unsqueeze(0)
        mask = (charge != 0).any(1, keepdim=True)
        if not settings.get("sparse", True):
            mask = torch.ones_like(mask)
        if settings.get("channels", 1) == 1:
            count = charge.shape[1]
            charge = (2 * charge.sum(1, keepdim=True) + count) // (2 * count)
        return charge.float() / 255, mask.float()

    def window(self, layer, standard):
        kernel = layer.get("kernel", standard)
        pad = layer.get("pad", kernel // 2 if kernel % 2 else 0)
        return kernel, layer.get("stride", 1), pad

    @staticmethod
    def outputs(mask, kernel, stride, pad):
        if stride == 1 and kernel == 2 * pad + 1:
            return mask
        seen = F.conv2d(mask, torch.ones(1, 1, kernel, kernel), stride=stride, padding=pad)
        return (seen > 0).float()

    def norm(self, x, name):
        w = self.w
        return F.batch_norm(x, w[name + ".norm.running_mean"], w[name + ".norm.running_var"],
                            w[name + ".norm.weight"], w[name + ".norm.bias"], False, 0.0, self.eps)

    def conv(self, x, mask, name, window, norm, activation, groups=1):
        kernel, stride, pad = window
        bias = None if norm else self.w[name + ".bias"]
        x = F.conv2d(x, self.w[name + ".weight"], bias, stride=stride, padding=pad, groups=groups)
        mask = self.outputs(mask, *window)
        if norm:
            x = self.norm(x, name)
        return activate(x, activation) * mask, mask

    def mean(self, x, mask):
        return x.sum((2, 3)) / mask.sum((2, 3)).clamp(min=1)

    def block(self, x, mask, layer, name):
        window = self.window(layer, 3)
        kernel, stride, pad = window
        inputs = x.shape[1]
        expand = layer.get("expand", inputs)
        activation = layer.get("activation", "relu6")
        given = x
        point = (1, 1, 0)
        if expand != inputs:
            x, mask = self.conv(x, mask, name + ".expand", point, True, activation)
        x, mask = self.conv(x, mask, name + ".depthwise", window, True, activation, groups=expand)
        if layer.get("squeeze", False):
            gate = F.relu(F.linear(self.mean(x, mask), self.w[name + ".squeeze.reduce.weight"],
                                   self.w[name + ".squeeze.reduce.bias"]))
            gate = F.hardsigmoid(F.linear(gate, self.w[name + ".squeeze.expand.weight"],
                                          self.w[name + ".squeeze.expand.bias"]))
            x = x * gate[:, :, None, None]
        x, mask = self.conv(x, mask, name + ".project", point, True, "none")
        if stride == 1 and kernel == 2 * pad + 1 and layer["out"] == inputs:
            x = x + given
        return x, mask

    def through(self, x, mask, layers, prefix):
        for i, layer in enumerate(layers):
            name = f"{prefix}.{i}"
            if layer["type"] == "conv":
                x, mask = self.conv(x, mask, name, self.window(layer, 3), layer.get("norm", True),
                                    layer.get("activation", "relu6"))
            elif layer["type"] == "inverted_residual":
                x, mask = self.block(x, mask, layer, name)
            elif layer["type"] == "max_pool":
                kernel, stride, pad = self.window(layer, 2)
                x = torch.where(mask > 0, x, torch.tensor(-torch.inf))
                x = F.max_pool2d(x, kernel, stride, pad)
                mask = self.outputs(mask, kernel, stride, pad)
                x = torch.where(mask > 0, x, torch.tensor(0.0))
        return x, mask

    def features(self, images):
        """Views of one sample -> features before their mean, and the mask."""
        branch = []
        for image in images:
            x, mask = self.charges(image)
            branch.append(self.through(x, mask, self.config["branch"], "branch"))
        height = max(x.shape[2] for x, _ in branch)
        width = max(x.shape[3] for x, _ in branch)
        grow = lambda x: F.pad(x, (0, width - x.shape[3], 0, height - x.shape[2]))
        maps = [(grow(x), grow(mask)) for x, mask in branch]
        mask = torch.stack([m for _, m in maps]).amax(0)
        if self.config.get("join", "mean_max") == "concat":
            x = torch.cat([x for x, _ in maps], 1)
        else:
            mean = sum(x for x, _ in maps) / len(maps)
            low = torch.tensor(-torch.inf)
            top = torch.stack([torch.where(m > 0, x, low) for x, m in maps]).amax(0)
            x = torch.cat([mean, torch.where(mask > 0, top, torch.tensor(0.0))], 1)
        return self.through(x, mask, self.config["trunk"], "trunk")

    def head(self, x):
        settings = self.config.get("head", {})
        hidden = settings.get("hidden", [])
        for i in range(len(hidden) + 1):
            x = F.linear(x, self.w[f"head.{i}.weight"], self.w[f"head.{i}.bias"])
            if i < len(hidden):
                x = activate(x, settings.get("activation", "hard_swish"))
        return x

    def logits(self, images):
        return self.head(self.mean(*self.features(images)))[0]

    def class_map(self, images, index):
        """Grad-CAM of the last features, times the number of sites."""
        x, mask = self.features(images)
        x = x.detach().requires_grad_(True)
        mean = self.mean(x, mask)
        (gradient,) = torch.autograd.grad(self.head(mean)[0, index], mean)
        return F.relu((x * gradient[:, :, None, None]).sum(1) * mask[:, 0])[0].detach()


def tensors_of(config):
    """Names and shapes of a folder's tensors."""
    shapes = {}

    def norm(name, width):
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.norm.{part}"] = (width,)

    def biased(name, *shape):
        shapes[name + ".weight"] = shape
        shapes[name + ".bias"] = (shape[0],)

    def layers(items, prefix, width):
        for i, layer in enumerate(items):
            name = f"{prefix}.{i}"
            if layer["type"] == "conv":
                kernel = layer.get("kernel", 3)
                if layer.get("norm", True):
                    shapes[name + ".weight"] = (layer["out"], width, kernel, kernel)
                    norm(name, layer["out"])
                else:
                    biased(name, layer["out"], width, kernel, kernel)
                width = layer["out"]
            elif layer["type"] == "inverted_residual":
                kernel = layer.get("kernel", 3)
                expand = layer.get("expand", width)
                if expand != width:
                    shapes[name + ".expand.weight"] = (expand, width, 1, 1)
                    norm(name + ".expand", expand)
                shapes[name + ".depthwise.weight"] = (expand, 1, kernel, kernel)
                norm(name + ".depthwise", expand)
                if layer.get("squeeze", False):
                    reduced = divisible_by_8(expand // 4)
                    biased(name + ".squeeze.reduce", reduced, expand)
                    biased(name + ".squeeze.expand", expand, reduced)
                shapes[name + ".project.weight"] = (layer["out"], expand, 1, 1)
                norm(name + ".project", layer["out"])
                width = layer["out"]
        return width

    width = layers(config["branch"], "branch", config["input"].get("channels", 1))
    joined = config["views"] if config.get("join", "mean_max") == "concat" else 2
    width = layers(config["trunk"], "trunk", width * joined)
    widths = config.get("head", {}).get("hidden", []) + [len(config["classes"])]
    for i, out in enumerate(widths):
        biased(f"head.{i}", out, width)
        width = out
    return shapes
