"""Help, version, completion, the manual page, and what is said of wrong arguments."""

import re
import signal
import subprocess
import time

from conftest import PROGRAM, fails, run

COMMANDS = re.findall(r"^  ([a-z-]+) ", run("--help").out.split("Subcommands:")[1], re.M)


def test_version_is_one_line():
    outcome = run("--version")
    assert outcome.status == 0
    assert re.fullmatch(r"firstlight \d+\.\d+\.\d+\n", outcome.out)


def test_help_lists_the_main_commands_and_the_exit_status():
    assert {"classify", "evaluate", "report", "export", "task", "train"} <= set(COMMANDS)
    outcome = run("--help")
    assert outcome.status == 0 and outcome.err == ""
    assert "130 interrupted" in outcome.out


def test_help_of_every_command_describes_every_flag():
    for command in COMMANDS:
        if command == "train":
            continue  # a program of its own
        outcome = run(command, "--help")
        assert outcome.status == 0, command
        lines = outcome.out.splitlines()
        for number, line in enumerate(lines):
            # The description stands beside a flag or, after a long flag, on the next line.
            if re.match(r"  -", line):
                text = line if re.search(r"\S {2,}\S", line.strip()) else lines[number + 1]
                assert len(text.split()) >= 3, f"{command}: {line}"


def test_unknown_command_names_the_nearest():
    fails(run("clasify"), 2, "unknown command 'clasify'", "did you mean 'classify'?")


def test_unknown_flag():
    fails(run("classify", "--modle", "x"), 2, "--modle")


def test_missing_argument():
    fails(run("evaluate"), 2, "RUN")


def test_not_a_run(tmp_path):
    for command in (["evaluate", tmp_path], ["export", tmp_path, "--to", "csv"]):
        fails(run(*command), 1, str(tmp_path), "not a run folder")


def test_results_that_cannot_be_written_are_an_error():
    for arguments in (["task", "list"], ["--help"], ["completion", "bash"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True)
        assert done.returncode == 1, arguments
        assert done.stderr.startswith("firstlight: standard output: cannot be written")
        assert len(done.stderr.splitlines()) == 1


def test_every_command_ends_with_130_when_it_is_interrupted(tmp_path):
    process = subprocess.Popen([PROGRAM, "simulate", "galaxies", "-n", "100000", "-o", tmp_path / "x"],
                               stderr=subprocess.DEVNULL)
    while not (tmp_path / "x").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130


def test_bash_completion_completes(tmp_path):
    script = tmp_path / "completion"
    script.write_text(run("completion", "bash").out)

    def complete(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        done = subprocess.run(
            ["bash", "-c", f"source {script}; COMP_WORDS=({quoted}); "
             f"COMP_CWORD={len(words) - 1}; _firstlight; echo \"${{COMPREPLY[@]}}\""],
            capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert complete("firstlight", "cl") == ["classify"]
    assert complete("firstlight", "task", "sh") == ["show"]
    assert complete("firstlight", "classify", "--ba") == ["--batch"]
    assert "--normalisation" in complete("firstlight", "evaluate", "somewhere", "--")


def test_completion_of_the_other_shells_holds_every_command():
    for shell in ("zsh", "fish"):
        script = run("completion", shell)
        assert script.status == 0
        for command in COMMANDS:
            assert command in script.out
    fails(run("completion", "tcsh"), 2, "tcsh", "bash, zsh, fish")


def test_train_runs_the_trainer_or_says_that_this_build_has_none():
    outcome = run("train", "--help")
    if outcome.status == 0:
        assert "vlm" in outcome.out
    else:
        fails(outcome, 2, "no trainer", "-DFIRSTLIGHT_TRAIN=ON")


def test_manual_page_holds_every_command():
    page = run("man")
    assert page.status == 0
    assert page.out.startswith(".TH FIRSTLIGHT 1")
    for command in COMMANDS:
        assert f".SS \"firstlight {command}" in page.out.replace("\\-", "-")
