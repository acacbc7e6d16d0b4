"""Pictures that are not of the task."""
import re

from embedded.measure import DES, GZ1, SDSS, share
from embedded.pictures import FOREIGN


def domain(measure):
    lines = ["| task | pictures | n | AUC | detected at 5 % false alarms | warned | mean confidence |",
             "|---|---|---|---|---|---|---|"]
    own = {"galaxy-morphology": [("sim-galaxies", f"sim:galaxies?n={measure.args.foreign}&seed=990", [])],
           "lsbg": [("sim-lsbg", f"sim:lsbg?n={measure.args.foreign}&seed=991", [])]}
    if measure.real:
        own["galaxy-morphology"] = [("sdss", SDSS, ["--split", "test"]),
                                    ("gz1", GZ1, ["--split", "test", "--sample", measure.args.volunteers,
                                                  "--seed", "7"])]
        own["lsbg"].append(("des", DES, []))
    if "neutrino-flavour" in measure.tasks:
        own["neutrino-flavour"] = [("sim-events", f"sim:lartpc?n={measure.args.foreign}&seed=990", [])]
    for task, sets in own.items():
        if task not in measure.tasks:
            lines.append(f"| {task} | - | - | the folder has no statistics of it | | | |")
            continue
        inside = [row for name, data, flags in sets
                  for row in measure.rows(measure.classify(f"domain-{task}-{name}", task, data, *flags))]
        scores = [row["domain_score"] for row in inside]
        threshold = sorted(scores)[-max(1, round(0.05 * len(scores)))]
        own_name = "its own" + (", with DES cutouts, which were not in training" if task == "lsbg" and measure.real else "")
        lines.append(domain_row(task, own_name, inside, scores, threshold))
        for name, data, flags in foreign(measure, task):
            measure.say(f"{task}: {name}")
            key = re.sub("[^a-z0-9]+", "-", name.lower())
            rows = measure.rows(measure.classify(f"domain-{task}-{key}", task, data, *flags))
            lines.append(domain_row(task, name, [r for r in rows if r["status"] == "ok"], scores, threshold))
    return lines


def foreign(measure, task):
    """Pictures of other domains, and of none. A task of events sees the same picture in both its views."""
    n = measure.args.foreign
    views = ("file.xz", "file.yz") if task == "neutrino-flavour" else ("file",)
    if task == "galaxy-morphology":
        yield "simulated LSBG cutouts", f"sim:lsbg?n={n}&seed=991", ["--ignore-truth", "lsbg", "--ignore-truth",
                                                                   "artifact"]
    if measure.real:
        sets = {"lsbg": ("lsbg-des", "DES cutouts"), "galaxy-morphology": ("galaxy-sdss", "SDSS galaxies"),
                "neutrino-flavour": ("lartpc-dune-cvn", "DUNE events, light on dark")}
        for own, (name, title) in sets.items():
            if own != task:
                yield title, measure.without_truth(name, views=views), ["--sample", n]
    for name, draw in FOREIGN.items():
        key = re.sub("[^a-z0-9]+", "-", name.lower())
        folder = measure.work / "pictures" / key
        if draw(folder, n):
            pictures = {path.name: path for path in sorted(folder.iterdir())}
            yield name, measure.catalogue(measure.work / f"{key}-{len(views)}.csv", pictures, views), []


def domain_row(task, name, rows, inside, threshold):
    scores = [row["domain_score"] for row in rows]
    above = sum(s > threshold for s in scores)
    warned = sum(bool(row["warning"]) for row in rows)
    rank = sum((s > i) + 0.5 * (s == i) for s in scores for i in inside) / (len(scores) * len(inside))
    confidence = sum(max(row["probabilities"].values()) for row in rows) / len(rows)
    return (f"| {task} | {name} | {len(rows)} | {'-' if scores == inside else f'{rank:.3f}'} | "
            f"{share(above, len(rows))} | {share(warned, len(rows))} | {confidence:.2f} |")
