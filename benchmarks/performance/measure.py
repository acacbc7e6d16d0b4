#!/usr/bin/env python3
"""Measures speed and memory beside the rivals and writes docs/performance.md.

    python3 benchmarks/performance/measure.py --build build/release [-o docs/performance.md]

Run it while nothing else runs. Rivals are optional: those that are not there say "not measured".
 - transformers, and with bitsandbytes: a Python that has them, the one that runs this script or
   --python;
 - llama-server: --llama-server, FIRSTLIGHT_LLAMA_SERVER or the PATH.
All run on random weights of one folder (`firstlight model synth`, in --scratch, removed at the
end), on the same pictures and prompts, one after the other, --repeats times in turn after a round
that warms up; figures are medians. What takes a rival longer than --patience seconds is asked once,
and a rival that does not answer within --limit seconds no more.
`--only speed` or `--only memory` does one half and keeps the other half of the page as it is.
--quick does everything once at a small scale, to see that it works: its figures mean nothing.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path[:0] = [str(HERE), str(SOURCE / "tests/cli")]

import gguf  # noqa: E402
import rivals  # noqa: E402

CLASSES = ["round", "cigar", "edge-on", "spiral", "ring", "merger", "star", "lens"]
TEXT = ("This cutout of a sky survey shows one object in its middle. Which of these is it? "
        "{classes}Weigh shape, symmetry and the profile of brightness, then answer with a name.")


def task(place, classes):
    """A task whose text stands before or behind the picture."""
    prompt = "{image}" + TEXT if place == "after" else TEXT + "{image}"
    lines = [f"  - {{key: {name.replace('-', '_')}, name: {name}, description: {name} in form}}"
             for name in CLASSES[:classes]]
    return "\n".join(["name: performance", 'version: "1"', "description: Measured objects",
                      "source: made for the benchmark", "classes:", *lines, f'prompt: "{prompt}"',
                      'class_line: "{name}: {description}. "', 'answer: "{name}"', ""])


def write_picture(path, side, seed):
    """Noise, so that no two pictures are alike."""
    dice = random.Random(seed)
    noise = dice.randbytes(3 * side * side)
    rows = b"".join(b"\0" + noise[3 * side * y:3 * side * (y + 1)] for y in range(side))

    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body
                + struct.pack(">I", zlib.crc32(kind + body)))
    path.write_bytes(b"\x89PNG\r\n\x1a\n"
                     + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def prefill_flop(config, tokens):
    """Operations of a text prompt: products of the layers, causal attention, one row of logits."""
    c = config["text_config"]
    hidden, heads, size = c["hidden_size"], c["num_attention_heads"], c["head_dim"]
    weights = hidden * size * (2 * heads + 2 * c["num_key_value_heads"])
    weights += 3 * hidden * c["intermediate_size"]
    layer = 2 * tokens * weights + 2 * tokens * tokens * heads * size
    return c["num_hidden_layers"] * layer + 2 * hidden * c["vocab_size"]


class Bench:
    def __init__(self, args):
        self.args = args
        self.scratch = pathlib.Path(args.scratch)
        self.scratch.mkdir(parents=True)
        self.program = args.build / "apps/firstlight/firstlight"
        self.speed_program = args.build / "benchmarks/performance/model_speed"
        for program in (self.program, self.speed_program):
            if not program.is_file():
                raise SystemExit(f"{program} is not built")
        self.notes = []
        self.programs = {}

    def close(self):
        for program in self.programs.values():
            program.close()
        self.programs = {}
        shutil.rmtree(self.scratch, ignore_errors=True)

    def synth(self, name, shape, scale, *flags):
        folder = self.scratch / name
        self.say(f"writing {name}")
        subprocess.run([self.program, "model", "synth", "--like", shape, "--scale", str(scale),
                        "--seed", str(self.args.seed), *flags, folder], check=True,
                       stdout=subprocess.DEVNULL)
        return folder

    def say(self, text):
        print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)

    def speed(self):
        args = self.args
        model = self.synth("speed", "llava-v1.6-mistral-7b", args.scale)
        config = json.loads((model / "config.json").read_text())
        side = 2 * config["vision_config"]["image_size"]
        data = self.scratch / "pictures"
        data.mkdir()
        for i in range(args.repeats + 1):
            write_picture(data / f"p{i:02}.png", side, args.seed + i)
        tasks = {}
        for name, place, classes in (("after", "after", 4), ("before", "before", 4),
                                     ("eight", "after", 8)):
            tasks[name] = self.scratch / f"{name}.yaml"
            tasks[name].write_text(task(place, classes))
        prompt = json.loads(subprocess.run(
            [self.program, "prompt", tasks["after"], f"folder:{data}", "--model", f"hf:{model}",
             "--json"], check=True, capture_output=True, text=True).stdout)
        text = self.scratch / "prompt.txt"
        text.write_text(prompt["text"])
        self.positions = len(prompt["token_ids"])
        missing = self.start(model)
        programs = self.programs
        rows = {}
        slow = set()

        def note(name, value):
            rows.setdefault(name, []).append(value)

        def rival(name, row, *words):
            """Returns what it counted; nothing where it was not asked or gave no answer."""
            if name not in programs or row in slow:
                return None
            try:
                seconds, count = programs[name].ask(*words)
            except (RuntimeError, OSError) as error:
                self.say(f"{name}: {error}")
                missing[name] = str(error)
                programs.pop(name).close()
                return None
            note(row, seconds)
            if seconds > args.patience:
                slow.add(row)
                self.notes.append(f"{row} asked once")
            return count

        def ours(name, spec, task_name, i, passes="main"):
            note(name, programs[spec].ask("labels", tasks[task_name], f"folder:{data}", i, passes))

        for i in range(args.repeats + 1):
            if i == 1:
                rows = {name: rows[name] for name in slow}  # the first round warms up
            self.say(f"round {i} of {args.repeats}")
            note("peak", programs["bf16"].ask("peak"))
            for kind in ("transformers", "bitsandbytes"):
                for what in ("forward", "generate"):
                    tokens = rival(kind, f"{kind} {what}", what, data / f"p{i:02}.png", text)
                    if tokens not in (None, self.positions):
                        raise SystemExit(f"{kind} has {tokens:.0f} positions, we {self.positions}")
            if "transformers" in programs:
                note("torch peak", programs["transformers"].ask("peak"))
            ours("labels", "bf16", "after", i)
            ours("nf4 labels", "nf4", "after", i)
            ours("base", "base", "before", i)
            for tokens in args.prefill:
                for name in ("bf16", "nf4"):
                    note(f"prefill {tokens} {name}",
                         programs[name].ask("prefill", tokens, args.seed + i)[0])
                for name in ("transformers", "bitsandbytes", "llama-server"):
                    rival(name, f"prefill {tokens} {name}", "prefill", tokens, args.seed + i)
            numbers, codes = programs["bf16"].ask("row")
            note("row bf16", numbers)
            note("row nf4", codes)
            # A fresh process has seen none of these pictures: features are kept by picture.
            self.fresh(model)
            ours("eight", "bf16", "eight", i)
            self.fresh(model)
            ours("orders", "bf16", "after", i, "main,order_1,order_2,order_3")
        for program in programs.values():
            program.close()
        programs.clear()
        return self.speed_table({name: statistics.median(values) for name, values in rows.items()},
                                config, missing)

    def fresh(self, model):
        self.programs["bf16"].close()
        self.programs["bf16"] = self.ours(f"hf:{model}?dtype=bf16")
        self.programs["bf16"].ask("prefill", 64, 1)  # pages and threads are warm then

    def ours(self, spec):
        program = rivals.Lines([self.speed_program, spec, self.args.threads], self.args.limit)
        self.isa = program.greeting[1]
        return program

    def start(self, model):
        """Opens what there is; says of the others why they are not measured."""
        args, programs = self.args, self.programs
        for name, options in (("bf16", ""), ("nf4", "&quant=nf4"), ("base", "&tiles=0")):
            programs[name] = self.ours(f"hf:{model}?dtype=bf16{options}")
        missing = {"mistral.rs": args.mistralrs}
        asked = subprocess.run(
            [args.python, "-c", "import json, sys; sys.path.insert(0, sys.argv[1]); import rivals; "
             "print(json.dumps(rivals.bundle_versions()))", HERE], capture_output=True, text=True)
        versions = json.loads(asked.stdout) if asked.returncode == 0 else None
        for kind, name in (("bf16", "transformers"), ("nf4", "bitsandbytes")):
            if versions is None or name not in versions:
                missing[name] = f"{pathlib.Path(args.python).name} does not have it"
                continue
            self.attempt(name, missing, lambda: rivals.Lines(
                [args.python, HERE / "rivals.py", model, kind, args.threads], args.limit))
        if versions is not None:
            self.notes.append(", ".join(f"{name} {value}" for name, value in versions.items()))
        if args.llama_server is None:
            missing["llama-server"] = "not found"
            return missing
        file = self.scratch / "text.gguf"
        gguf.text_file(gguf.Folder(model), gguf.BF16).write(file)
        self.attempt("llama-server", missing, lambda: rivals.LlamaServer(
            args.llama_server, file, args.threads, max(args.prefill) + 512, args.limit))
        if "llama-server" in programs:
            self.notes.append(f"llama-server {programs['llama-server'].build}")
        return missing

    def attempt(self, name, missing, start):
        self.say(f"starting {name}")
        try:
            self.programs[name] = start()
        except RuntimeError as error:
            missing[name] = str(error)

    def speed_table(self, median, config, missing):
        peak = max(median["peak"], median.get("torch peak", 0.0))
        text = config["text_config"]
        torch = f", torch's {median['torch peak']:.0f}" if "torch peak" in median else ""
        lines = [f"Shape: LLaVA-NeXT at scale {self.args.scale} (text {text['num_hidden_layers']} "
                 f"x {text['hidden_size']}), one picture of two by two tiles, "
                 f"{self.positions} positions, {self.args.threads} threads. Peak: a bf16 product "
                 f"of 2,048 rows with 4,096 x 4,096, ours {median['peak']:.0f} GFLOP/s{torch}; the "
                 "larger one counts.", "",
                 "| what | measured | aim | |", "|---|---|---|---|"]

        def row(what, text, value=None, aim=None, above=True):
            if aim is None:
                lines.append(f"| {what} | {text} | | |")
                return
            reached = value >= aim if above else value <= aim
            sign = "at least" if above else "at most"
            verdict = "reached" if reached else "missed"
            lines.append(f"| {what} | {text} | {sign} {aim:g} | {verdict} |")

        for tokens in self.args.prefill:
            seconds = median[f"prefill {tokens} bf16"]
            share = prefill_flop(config, tokens) / seconds / 1e9 / peak
            row(f"prompt of {tokens:,} tokens, bf16, part of the peak",
                f"{seconds:.2f} s, {share:.2f}", share, 0.75)
            ratio = median[f"prefill {tokens} nf4"] / seconds
            row(f"prompt of {tokens:,} tokens, NF4 / bf16", f"{ratio:.2f}", ratio, 1.15, False)
        labels = median["labels"]
        row("one exact distribution over 4 labels", f"{labels:.2f} s")
        for name, aims in (("transformers", (1.15, 2)), ("bitsandbytes", (None, None))):
            own = median["labels" if name == "transformers" else "nf4 labels"]
            kind = "bf16" if name == "transformers" else "NF4"
            for what, aim in zip(("forward", "generate"), aims):
                shown = "one forward pass" if what == "forward" else "`generate` of 20 tokens"
                if f"{name} {what}" not in median:
                    row(f"{name}, {kind}, {shown}", f"not measured: {missing[name]}")
                    continue
                ratio = median[f"{name} {what}"] / own
                row(f"{name}, {kind}, {shown} / one exact distribution in {kind}",
                    f"{median[f'{name} {what}']:.2f} s, {ratio:.2f}", ratio, aim)
        row("the same, text before the picture and base view only", f"{median['base']:.2f} s")
        for what, aim in (("forward", None), ("generate", 5)):
            if f"transformers {what}" in median:
                ratio = median[f"transformers {what}"] / median["base"]
                row(f"transformers, bf16, `{what}` / that", f"{ratio:.1f}", ratio, aim)
        ratio = median["nf4 labels"] / labels
        row("one exact distribution, NF4 / bf16", f"{median['nf4 labels']:.2f} s, {ratio:.2f}",
            ratio, 1.15, False)
        ratio = median["orders"] / labels
        row("four class orders of a picture / one", f"{ratio:.2f}", ratio, 1.6, False)
        ratio = median["eight"] / labels
        row("eight labels / four", f"{ratio:.2f}", ratio, 1.1, False)
        ratio = median["row nf4"] / median["row bf16"]
        row("one row with 14,336 x 4,096, 4 bits / bf16", f"{ratio:.2f}", ratio, 1.0, False)
        for name in ("transformers", "bitsandbytes", "llama-server"):
            for tokens in self.args.prefill:
                value = median.get(f"prefill {tokens} {name}")
                own = median[f"prefill {tokens} {'nf4' if name == 'bitsandbytes' else 'bf16'}"]
                row(f"{name}, prompt of {tokens:,} tokens / ours",
                    f"not measured: {missing[name]}" if value is None
                    else f"{value:.2f} s, {value / own:.2f}")
        row("mistral.rs", f"not measured: {missing['mistral.rs']}")
        return "\n".join(lines)

    def memory(self):
        lines = ["VmHWM of the whole process `firstlight classify`, weights in NF4 with double "
                 "quantisation, the program's other settings as they are.", "",
                 "| what | measured | aim | |", "|---|---|---|---|"]
        for what, shape, task_name, data, aim in (
                ("7B LLaVA-NeXT shape, a picture of 672 x 672 in four tiles and base view",
                 "llava-v1.6-mistral-7b", "galaxy-morphology", None, 6.5),
                ("11B Llama 3.2 Vision shape, an event of two views of 512 x 512",
                 "llama-3.2-11b-vision", "neutrino-flavour",
                 f"pixelmap:{SOURCE}/examples/neutrinos/events", 9.5)):
            model = self.synth(f"memory-{shape}", shape, self.args.memory_scale, "--quant", "nf4",
                               "--double-quant")
            if data is None:
                folder = self.scratch / "large"
                folder.mkdir()
                write_picture(folder / "p.png", 672, self.args.seed)
                data = f"folder:{folder}"
            self.say(f"classifying with {shape}")
            run = self.scratch / f"run-{shape}"
            peak = peak_memory([self.program, "classify", task_name, data, "--model",
                                f"hf:{model}", "-o", run, "--limit", 1, "--threads",
                                self.args.threads, "--quiet"])
            reached = "reached" if peak <= aim else "missed"
            lines.append(f"| {what} | {peak:.2f} GB | at most {aim:g} GB | {reached} |")
            shutil.rmtree(model)
        return "\n".join(lines)


def peak_memory(command):
    """VmHWM of a program in GB (10^9 bytes)."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}: exit status {process.returncode}")
    return usage.ru_maxrss * 1024 / 1e9


def machine():
    names = re.findall(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} cores, {memory / 1e6:.0f} GB"


def section(title, body, bench, args):
    commit = subprocess.run(["git", "-C", SOURCE, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    facts = [f"{datetime.date.today()}", machine(), f"commit {commit}", f"seed {args.seed}"]
    if title == "Speed":
        facts[2:2] = [f"instruction set {bench.isa}"]
        facts += [f"medians of {args.repeats}", *bench.notes]
    return f"## {title}\n\n{'; '.join(facts)}.\n\n{body}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build/release")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--llama-server", default=os.environ.get("FIRSTLIGHT_LLAMA_SERVER")
                        or shutil.which("llama-server"))
    parser.add_argument("--mistralrs", help="why mistral.rs was not measured",
                        default="crates.io has its library, and no program")
    parser.add_argument("--scratch", default="/tmp/firstlight-performance")
    parser.add_argument("--scale", type=float, default=0.5, help="0.5: about a billion weights")
    parser.add_argument("--memory-scale", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--patience", type=float, default=60)
    parser.add_argument("--limit", type=float, default=600)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--prefill", type=int, nargs="+", default=[600, 2900])
    parser.add_argument("--only", choices=["speed", "memory"])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("-o", "--output", type=pathlib.Path, default=SOURCE / "docs/performance.md")
    args = parser.parse_args()
    if args.quick:
        args.scale, args.memory_scale, args.repeats, args.prefill = 0.0625, 0.0625, 1, [100, 300]
    sections = {}
    if args.output.exists():
        parts = re.split(r"^## ", args.output.read_text(), flags=re.MULTILINE)[1:]
        sections = {part.split("\n", 1)[0]: "## " + part.rstrip() + "\n" for part in parts}
    bench = Bench(args)
    try:
        for title, measure in (("Speed", bench.speed), ("Memory", bench.memory)):
            if args.only in (None, title.lower()):
                sections[title] = section(title, measure(), bench, args)
    finally:
        bench.close()
    intro = (HERE / "intro.md").read_text()
    args.output.write_text("\n".join([intro, *(sections[t] for t in ("Speed", "Memory")
                                               if t in sections)]))


if __name__ == "__main__":
    main()
