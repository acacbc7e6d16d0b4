"""Orders of the classes, templates of the answer, and whether the descriptions decide."""
import json

from embedded.measure import figure


def why(skipped):
    """Why something cannot be asked, without the folder of the task's file."""
    return skipped.rsplit("/", 1)[-1]


def orders(measure):
    lines = ["| images | answer | n | accuracy, own order | over the orders | averaged | labels changed by order | "
             "labels changed by template |", "|---|---|---|---|---|---|---|---|"]
    for name, task, data, flags in measure.sets_to_ask():
        measure.say(f"orders and templates: {name}")
        check = json.loads(measure.run("check", "prompt", task, data, "--model", measure.args.model, *flags, "--json"))
        for t in check["templates"]:
            if "skipped" in t:
                lines.append(f"| {name} | `{t['answer']}` | - | {why(t['skipped'])} | | | | |")
                continue
            worst = max(t["orders"], key=lambda o: o["changed"]["value"])["changed"]
            lines.append(
                f"| {name} | `{t['answer']}` | {check['n']} | {figure(t['orders'][0]['accuracy'])} | "
                f"{t['worst_accuracy']:.3f} to {t['best_accuracy']:.3f} | {figure(t['average']['accuracy'])} | "
                f"at most {figure(worst)} | {figure(t['main_against_own']['changed'])} |")
    return lines


def reading(measure):
    lines = ["| images | prompt | n | chance | accuracy | plain prompt, same images | ratio | difference |",
             "|---|---|---|---|---|---|---|---|"]
    for name, task, data, flags in measure.sets_to_ask():
        measure.say(f"reading: {name}")
        check = json.loads(measure.run("check", "reading", task, data, "--model", measure.args.model, *flags, "--json"))
        kinds = [o["kind"] for o in check["outcomes"]]
        for o in check["outcomes"]:
            if "skipped" in o:
                lines.append(f"| {name} | {o['kind'].replace('_', ' ')} {o['name']} | - | | {why(o['skipped'])} | | | |")
            elif o["name"].startswith("all") or kinds.count(o["kind"]) == 1 or o["kind"] == "paraphrase":
                lines.append(f"| {name} | {o['kind'].replace('_', ' ')} {o['name']} | {o['n']} | {o['chance']:.2f} | "
                             f"{figure(o['accuracy'])} | {figure(o['plain_accuracy'])} | {figure(o['ratio'])} | "
                             f"{figure(o['difference'])} |")
    return lines
