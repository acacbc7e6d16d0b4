"""Whether the reasons are true of simulated samples."""
import json

from embedded.measure import figure

SETS = (("galaxies", "galaxy-morphology", "sim:galaxies?n={n}&seed=990"), ("LSBG", "lsbg", "sim:lsbg?n={n}&seed=991"),
        ("events, pixels", "neutrino-flavour", "sim:lartpc?n={n}&seed=990"),
        ("events, wire planes", "neutrino-flavour", "sim:lartpc?n={n}&seed=991&readout=wires"))


def reasons(measure):
    lines = ["| samples | attribute | stated of known | true | true, labels right | true, labels wrong | "
             "pictures exchanged |", "|---|---|---|---|---|---|---|"]
    for name, task, data in SETS:
        if task not in measure.tasks:
            continue
        measure.say(f"reasons: {name}")
        check = json.loads(measure.run("check", "reasons", task, data.format(n=measure.args.reasons), "--model",
                                       measure.args.model, "--exchange", "--json"))
        for row in check["attributes"]:
            lines.append(f"| {name} | {row['attribute']} | {row['all']['stated']} of {row['all']['known']} | "
                         + " | ".join(figure(row[part]["agreement"])
                                      for part in ("all", "labels_right", "labels_wrong", "exchanged")) + " |")
    return lines
