"""Images a second, start-up excluded, beside transformers in the same run."""
import json
import subprocess


def speed(measure):
    n = measure.args.speed_images
    run = json.loads(subprocess.run(
        [measure.args.python, "benchmarks/embedded/speed_run.py", measure.program, measure.args.model, str(n),
         str(measure.args.threads)], check=True, capture_output=True, text=True).stdout)
    lines = [f"{n} simulated galaxies as PNG files, {run['threads']} threads, {run['processor']}, instruction set "
             f"{run['instruction_set']}; best of {run['repeats']} rounds in turn.", "",
             "| program | images/s | firstlight / it |", "|---|---|---|"]
    for name, rate in run["rates"].items():
        lines.append(f"| {name} | {rate:.1f} | {run['rates']['firstlight classify'] / rate:.1f} |")
    for name, reason in run["missing"].items():
        lines.append(f"| {name} | not measured: {reason} | |")
    return lines
