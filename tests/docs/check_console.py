"""Runs the ```console blocks of README.md and docs/*.md and compares what they print.

A line that begins with "$ " is a command (a backslash at its end continues it); the lines up to the
next command are its standard output, and its standard error too where one of them begins with
"firstlight: ". "..." alone on a line stands for any lines, inside a line for any text. Numbers with a decimal point may differ by 0.01, as instruction sets
round differently. The blocks of a page run in order in one folder that holds links to
what the repository ships, with `firstlight` on the path.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Programs that build the project or run this very test.
ELSEWHERE = {"scripts/quickstart": "builds another tree", "scripts/test": "runs this test"}
LINKED = ["examples", "models", "tasks", "docs", "tests", "scripts"]
# Progress that a slow machine prints in between.
PROGRESS = re.compile(r"^firstlight: \d+ of \d+ .*\n", re.M)


def blocks(text):
    """(line number, command, expected output) of every command on a page."""
    for block in re.finditer(r"^```console\n(.*?)^```", text, re.M | re.S):
        number = text.count("\n", 0, block.start()) + 1
        command, expected, first = None, [], 0
        for offset, line in enumerate(block[1].split("\n")[:-1]):
            if command is not None and command.endswith("\\"):
                command = command[:-1] + line.strip()
            elif line.startswith("$ "):
                if command is not None:
                    yield first, command, "\n".join(expected)
                command, expected, first = line[2:], [], number + 1 + offset
            elif command is None:
                raise SystemExit(f"line {number}: a console block begins with '$ '")
            else:
                expected.append(line)
        if command is not None:
            yield first, command, "\n".join(expected)


NUMBER = re.compile(r"\d+\.\d+")


def matches(expected, actual):
    pattern = ""
    for line in expected.split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*"
            continue
        parts = [r"(\d+\.\d+)".join(map(re.escape, NUMBER.split(part)))
                 for part in line.rstrip().split("...")]
        pattern += "[^\n]*".join(parts) + "[ ]*\n"
    found = re.fullmatch(pattern, actual if actual.endswith("\n") or not actual else actual + "\n")
    wanted = NUMBER.findall(re.sub(r"\.\.\.", " ", expected))
    return found and all(abs(float(a) - float(b)) <= 0.0100001
                         for a, b in zip(wanted, found.groups()))


def check(page, source, environment):
    failures, count = [], 0
    with tempfile.TemporaryDirectory(prefix="firstlight-docs-") as folder:
        for name in LINKED:
            if (source / name).exists():
                os.symlink(source / name, f"{folder}/{name}")
        for line, command, expected in blocks(page.read_text()):
            if command.split()[0] in ELSEWHERE:
                continue
            count += 1
            shows_error = re.search("^firstlight: ", expected, re.M)
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment, timeout=600, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT if shows_error else subprocess.PIPE)
            actual = PROGRESS.sub("", done.stdout)
            if (expected or actual) and not matches(expected, actual):
                failures.append(f"{page}:{line}: $ {command}\nexpected\n{expected}\nfound\n{actual}")
            elif done.returncode not in (0, 3) and not shows_error:
                failures.append(f"{page}:{line}: $ {command}\nexit status {done.returncode}\n"
                                f"{done.stdout}{done.stderr or ''}")
    return failures, count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    environment = dict(os.environ, LC_ALL="C.UTF-8", COLUMNS="100")
    environment["PATH"] = f"{arguments.program.parent}:{environment['PATH']}"
    failures, count = [], 0
    for page in [arguments.source / "README.md", *sorted(arguments.source.glob("docs/*.md"))]:
        found, commands = check(page, arguments.source, environment)
        failures += found
        count += commands
    print(f"{count} commands run, {len(failures)} differ")
    if failures:
        print("\n\n".join(failures))
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main()
