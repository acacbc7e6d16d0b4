"""The programs that measure.py times, each behind the same interface: `ask(...)` returns numbers.

Run by itself, this file is the process of transformers:
    python3 rivals.py FOLDER bf16|nf4 THREADS
It reads a line a question from standard input: `forward|generate IMAGE TEXTFILE`,
`prefill TOKENS SEED` or `peak`.
"""

import importlib.util
import json
import os
import pathlib
import random
import select
import socket
import subprocess
import sys
import time
import urllib.request


class Lines:
    """A process that answers every line with a line of numbers, within `limit` seconds."""

    def __init__(self, command, limit):
        self.limit = limit
        self.process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline().split()
        if not self.greeting:
            raise RuntimeError(f"{command[0]} ended")

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise RuntimeError(f"ended before: {words[0]}") from None
        if not select.select([self.process.stdout], [], [], self.limit)[0]:
            self.process.kill()
            raise RuntimeError(f"{words[0]} takes longer than {self.limit:g} s")
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ended at: {words[0]}")
        numbers = [float(word) for word in line.split()]
        return numbers[0] if len(numbers) == 1 else numbers

    def close(self):
        try:
            self.process.stdin.close()
            self.process.wait(60)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class LlamaServer:
    """llama-server with the text part of a checkpoint; times are its own, without HTTP."""

    def __init__(self, program, model, threads, context, limit):
        self.limit = limit
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "-m", model, "--host", "127.0.0.1", "--port", str(self.port), "-t",
             str(threads), "-tb", str(threads), "-c", str(context), "-np", "1", "-b", "4096", "-ub",
             "1024"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError("llama-server ended")
            try:
                self.get("/health")
                break
            except OSError:
                time.sleep(0.5)
        else:
            self.close()
            raise RuntimeError("llama-server does not become ready")
        self.build = self.get("/props").get("build_info", "")

    def get(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=self.limit) as answer:
            return json.loads(answer.read())

    def ask(self, _, tokens, seed):
        numbers = random.Random(seed)
        answer = self.get("/completion", {
            "prompt": [numbers.randrange(97, 123) for _ in range(tokens)], "n_predict": 1,
            "cache_prompt": False, "temperature": 0})
        timings = answer["timings"]
        if timings["prompt_n"] < tokens - 1:
            raise RuntimeError(f"llama-server computed {timings['prompt_n']} of {tokens} tokens")
        return [timings["prompt_ms"] / 1000, timings["prompt_n"]]

    def close(self):
        self.process.kill()
        self.process.wait()


def bundle_versions():
    """Versions of what the process of transformers uses; None where it cannot run."""
    try:
        import torch
        import transformers
    except ImportError:
        return None
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    try:
        import bitsandbytes
        versions["bitsandbytes"] = bitsandbytes.__version__
    except ImportError:
        return versions
    if importlib.util.find_spec("kernels") is None:
        # It is what loads its fast product of 4-bit matrices, from a hub on the net.
        versions["bitsandbytes"] += " (without the package kernels)"
    return versions


def serve_transformers(folder, kind, threads):
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    import transformers
    from PIL import Image

    torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    options = {"dtype": torch.bfloat16}
    if kind == "nf4":
        options["quantization_config"] = transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16,
            llm_int8_skip_modules=["lm_head"])
        options["device_map"] = "cpu"
    processor = transformers.AutoProcessor.from_pretrained(folder)
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, **options).eval()
    ends = model.generation_config
    ends.pad_token_id = ends.pad_token_id or 0

    def forward(inputs):
        model(**inputs, logits_to_keep=1, use_cache=True)

    def generate(inputs):
        model.generate(**inputs, do_sample=False, max_new_tokens=20, min_new_tokens=20)

    def about_picture(call, picture, text_file):
        start = time.perf_counter()
        inputs = processor(images=Image.open(picture).convert("RGB"),
                           text=pathlib.Path(text_file).read_text(), return_tensors="pt",
                           add_special_tokens=False)
        inputs["pixel_values"] = inputs["pixel_values"].to(torch.bfloat16)
        call(inputs)
        return time.perf_counter() - start, inputs["input_ids"].shape[1]

    def prefill(tokens, seed):
        numbers = random.Random(int(seed))
        ids = torch.tensor([[numbers.randrange(97, 123) for _ in range(int(tokens))]])
        start = time.perf_counter()
        forward({"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        return time.perf_counter() - start, int(tokens)

    def peak():
        a = torch.randn(2048, 4096, dtype=torch.bfloat16)
        w = torch.randn(4096, 4096, dtype=torch.bfloat16)
        best = 1e30
        for i in range(6):
            start = time.perf_counter()
            torch.nn.functional.linear(a, w)
            best = min(best, time.perf_counter() - start) if i else best
        return [2e-9 * 2048 * 4096 * 4096 / best]

    print("ready", flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            what, *rest = line.split()
            if what == "peak":
                numbers = peak()
            elif what == "prefill":
                numbers = prefill(*rest)
            else:
                numbers = about_picture(forward if what == "forward" else generate, *rest)
            print(*numbers, flush=True)


if __name__ == "__main__":
    serve_transformers(sys.argv[1], sys.argv[2], int(sys.argv[3]))
