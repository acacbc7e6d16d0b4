"""What every part of the card's figures uses: the program, the labelled images, intervals as text."""
import csv
import json
import os
import pathlib
import subprocess
import sys

from folds import interval, read_rows

DATA = pathlib.Path("../shared/data")
SDSS = f"csv:{DATA}/galaxy-sdss/labels.csv?truth=label&id=object_id"
GZ1 = f"csv:{DATA}/galaxy-gz1/labels.csv?id=object_id"
DES = f"csv:{DATA}/lsbg-des/labels.csv?truth=label"
DUNE = f"csv:{DATA}/lartpc-dune-cvn/labels.csv?truth=label&id=file&channels=u,v,z"


def share(k, n):
    low, high = interval(k, n)
    return f"{k / n:.3f} [{low:.3f}, {high:.3f}]"


def figure(estimate):
    if estimate is None or estimate["value"] is None:
        return "-"
    if estimate.get("low") is None:
        return f"{estimate['value']:.3f}"
    return f"{estimate['value']:.3f} [{estimate['low']:.3f}, {estimate['high']:.3f}]"


class Measure:
    """Runs the program; finished runs of the same model and data are used again."""

    def __init__(self, args):
        self.args = args
        self.program = args.programs / "firstlight"
        self.work = pathlib.Path("build/embedded")
        self.work.mkdir(parents=True, exist_ok=True)
        self.real = DATA.is_dir()
        self.tasks = self.known_tasks()

    def run(self, *words, ok=(0,)):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True)
        if done.returncode not in ok:
            raise SystemExit(f"firstlight {' '.join(map(str, words))}: {done.stderr}")
        return done.stdout

    def known_tasks(self):
        """Tasks that the model was trained for, by its own account."""
        folder = "models/firstlight-small" if self.args.model == "embedded" else self.args.model.removeprefix("hf:")
        path = pathlib.Path(folder) / "domain.safetensors"
        if not path.is_file():
            return set()
        raw = path.read_bytes()
        size = int.from_bytes(raw[:8], "little")
        begin, end = json.loads(raw[8:8 + size])["domains"]["data_offsets"]
        known = json.loads(raw[8 + size + begin:8 + size + end])
        return {task for domain in known["domains"] for task in domain["tasks"]}

    def classify(self, name, task, data, *flags, model=None):
        folder = self.work / name
        self.run("--quiet", "classify", task, data, "--model", model or self.args.model, "-o", folder, *flags,
                 ok=(0, 3, 4))
        return folder

    def rows(self, folder):
        return [json.loads(line) for line in self.run("export", folder, "--to", "jsonl").splitlines()]

    def evaluate(self, folder):
        return json.loads(self.run("evaluate", folder, "--json"))

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def sets_to_ask(self):
        """Real images where there are any."""
        if not self.real:
            yield "lsbg, simulated", "lsbg", "sim:lsbg?n=200&seed=991", []
            return
        yield "galaxies, real", "galaxy-morphology", SDSS, ["--split", "test"]
        yield "LSBG, real", "lsbg", DES, []
        if "neutrino-flavour" in self.tasks:
            yield "DUNE's events", "neutrino-flavour", DUNE, ["--sample", self.args.asked]

    def without_truth(self, name, files=None, views=("file",)):
        """A catalogue of a set's pictures alone (those of `files`): their labels are no class of the task."""
        path = self.work / f"{name}{'' if files is None else '-chosen'}{'' if len(views) == 1 else '-views'}.csv"
        pictures = {row["file"]: DATA / name / row["file"] for row in read_rows(DATA / name / "labels.csv")
                    if files is None or row["file"] in files}
        return self.catalogue(path, pictures, views)

    def catalogue(self, path, pictures, views=("file",)):
        """Pictures by id, the same one for every view."""
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["id", *views])
            for name, picture in pictures.items():
                writer.writerow([name] + [os.path.relpath(picture.resolve(), self.work.resolve())] * len(views))
        return f"csv:{path}?id=id"
