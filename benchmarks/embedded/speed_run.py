#!/usr/bin/env python3
"""Images a second of the embedded model, ours against transformers, in turn in one run; prints JSON.

Usage: embedded/speed_run.py PROGRAM MODEL N THREADS
Ours is `firstlight classify` on N images, the wall time of the run as it stores it: decoding, scoring
and storing, without start-up. transformers does the same task with the model in memory: exact
log-probabilities of the four answers, each teacher-forced behind the whole prompt, 8 images at a
time; and, as the least that any program must do there, one forward pass of the prompt alone."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

REPEATS = 3
BATCH = 8


class Reference:
    def __init__(self, folder, prompt, threads, dtype):
        os.environ["HF_HUB_OFFLINE"] = "1"
        import torch
        import transformers
        torch.set_num_threads(threads)
        transformers.utils.logging.set_verbosity_error()
        transformers.utils.logging.disable_progress_bar()
        self.torch = torch
        self.processor = transformers.AutoProcessor.from_pretrained(folder)
        self.model = transformers.LlavaForConditionalGeneration.from_pretrained(
            folder, dtype=getattr(torch, dtype)).eval()
        self.prompt = torch.tensor(prompt["token_ids"])
        self.answers = [torch.tensor(a["token_ids"]) for a in prompt["answers"].values()]

    def pixels(self, files):
        from PIL import Image
        images = [Image.open(file).convert("RGB") for file in files]
        pixels = self.processor.image_processor(images=images, return_tensors="pt")["pixel_values"]
        return pixels.to(self.model.dtype)

    def forward(self, files):
        ids = self.prompt.repeat(len(files), 1)
        return self.model(input_ids=ids, attention_mask=self.torch.ones_like(ids), pixel_values=self.pixels(files),
                          logits_to_keep=1).logits

    def labels(self, files):
        torch = self.torch
        pixels = self.pixels(files)
        scores = []
        for answer in self.answers:
            ids = torch.cat([self.prompt, answer]).repeat(len(files), 1)
            logits = self.model(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=pixels,
                                logits_to_keep=len(answer) + 1).logits[:, :-1]
            logprobs = logits.float().log_softmax(-1).gather(2, answer.repeat(len(files), 1)[:, :, None])
            scores.append(logprobs.sum((1, 2)))
        return torch.stack(scores, 1)

    def seconds(self, call, files):
        with self.torch.inference_mode():
            call(files[:BATCH])
            start = time.perf_counter()
            for i in range(0, len(files), BATCH):
                call(files[i:i + BATCH])
            return time.perf_counter() - start


def main():
    program, model, n, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    folder = "models/firstlight-small" if model == "embedded" else model.removeprefix("hf:")
    work = pathlib.Path(tempfile.mkdtemp())
    try:
        def ours(*words):
            return subprocess.run([program, *map(str, words)], check=True, capture_output=True, text=True).stdout

        ours("simulate", "galaxies", "-n", n, "--seed", 992, "-o", work / "images")
        data = f"csv:{work}/images/labels.csv"
        prompt = json.loads(ours("prompt", "galaxy-morphology", data, "--model", model, "--json"))
        files = sorted((work / "images").rglob("*.png"))
        missing, references = {}, {}
        try:
            for dtype in ("float32", "bfloat16"):
                references[dtype] = Reference(folder, prompt, threads, dtype)
        except ImportError as error:
            missing["transformers"] = str(error)
        seconds = {}
        for repeat in range(REPEATS):
            run = work / f"run-{repeat}"
            ours("--quiet", "classify", "galaxy-morphology", data, "--model", model, "--threads", threads, "-o", run)
            facts = dict(sqlite3.connect(run / "run.sqlite").execute("SELECT key, value FROM run"))
            seconds.setdefault("firstlight classify", []).append(float(facts["wall_seconds"]))
            for dtype, reference in references.items():
                for name, call in (("four exact labels an image", reference.labels),
                                   ("one forward pass of the prompt an image", reference.forward)):
                    took = reference.seconds(call, files)
                    seconds.setdefault(f"transformers, {dtype}, {name}", []).append(took)
        config = json.loads((run / "config.json").read_text())["machine"]
        rates = {name: n / min(values) for name, values in seconds.items()}
        print(json.dumps({"rates": rates, "missing": missing, "threads": threads, "repeats": REPEATS,
                          "processor": config.get("processor", "?"),
                          "instruction_set": config.get("instruction_set", "?")}))
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
