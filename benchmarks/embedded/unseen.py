"""Classes whose name, synonyms and description training never saw."""
import random

from embedded.measure import DATA, DUNE
from folds import area_under_roc, read_rows
from axis_ratio_baseline import split

MERGER = """  - key: merger
    name: merging galaxies
    description: "merging galaxies. Two galaxies that touch or disturb each other, with two cores or drawn-out tails"
    synonyms: [merger]
"""


def area_with_interval(rows, positive, draws=1000):
    """Of the class's probability, resampled within the class and within the others."""
    own = [row for row in rows if row["truth"] == positive]
    rest = [row for row in rows if row["truth"] != positive]
    numbers = random.Random(1)
    drawn = sorted(area_under_roc(numbers.choices(own, k=len(own)) + numbers.choices(rest, k=len(rest)), positive)
                   for _ in range(draws))
    return (f"{area_under_roc(rows, positive):.3f} [{drawn[int(0.025 * draws)]:.3f}, "
            f"{drawn[int(0.975 * draws) - 1]:.3f}]")


def mergers(measure):
    """All mergers among the test objects of Galaxy Zoo 1, and as many others."""
    rows = [row for row in read_rows(DATA / "galaxy-gz1/labels.csv") if split(row["object_id"]) == "test"]
    some = [row for row in rows if row["gz1_class"] == "merger"]
    clear = [row for row in rows if row["gz1_class"] not in ("merger", "dont_know")]
    chosen = {row["file"]: row["gz1_class"] for row in some + random.Random(1).sample(clear, len(some))}
    task = measure.work / "galaxy-morphology-5.yaml"
    text = open("tasks/galaxy-morphology.yaml").read()
    task.write_text(text.replace("\n# Smooth cigars", MERGER + "\n# Smooth cigars", 1)
                    .replace("into four morphological", "into five morphological"))
    found = measure.rows(measure.classify("unseen-merger", str(task),
                                          measure.without_truth("galaxy-gz1", set(chosen))))
    return [{**row, "truth": chosen[row["id"]]} for row in found]


def unseen(measure):
    lines = ["| task | class | samples of it | others | AUC of its probability (chance 0.5) | its recall (chance) |",
             "|---|---|---|---|---|---|"]
    if not measure.real:
        return ["Not measured: ../shared/data is absent."]
    sets = [("galaxy-morphology", "merger", 5, mergers)]
    if "neutrino-flavour" in measure.tasks:
        sets.append(("neutrino-flavour-4", "nutau_cc", 4, lambda m: m.rows(
            m.classify("unseen-nutau", "neutrino-flavour-4", DUNE))))
    for task, name, classes, rows_of in sets:
        measure.say(f"unseen: {name}")
        rows = rows_of(measure)
        own = [row for row in rows if row["truth"] == name]
        recall = sum(row["label"] == name for row in own) / len(own)
        lines.append(f"| `{task}` | `{name}` | {len(own)} | {len(rows) - len(own)} | {area_with_interval(rows, name)} | "
                     f"{recall:.2f} ({1 / classes:.2f}) |")
    lines.append("| `lsbg` | - | - | - | no images of a class that training lacked | - |")
    return lines
