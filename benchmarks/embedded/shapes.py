"""What the axis ratio cannot tell, and what volunteers could not agree on."""
from axis_ratio_baseline import axis_ratio, split
from embedded.measure import DATA, GZ1, SDSS, share
from folds import read_rows


def shapes(measure):
    if not measure.real:
        return ["Not measured: ../shared/data is absent."]
    rows = measure.rows(measure.classify("sdss", "galaxy-morphology", SDSS, "--split", "test"))
    ratios = {r["object_id"]: axis_ratio(DATA / "galaxy-sdss" / r["file"])
              for r in read_rows(DATA / "galaxy-sdss/labels.csv") if split(r["object_id"]) == "test"}
    two = {"smooth_cigar": [], "edge_on_disk": []}
    for row in rows:
        if row["truth"] in two:
            two[row["truth"]].append((ratios[row["id"]], row))
    pairs = matched(two["smooth_cigar"], two["edge_on_disk"], 0.1)
    chosen = [row for pair in pairs for _, row in pair]
    right = sum(max(two, key=lambda c: row["probabilities"][c]) == row["truth"] for row in chosen)
    return ["| question | n | agreement | by the axis ratio alone |", "|---|---|---|---|",
            f"| cigar against edge-on, test split of `galaxy-sdss`, pairs of axis ratios within 0.1 | {len(chosen)} | "
            f"{share(right, len(chosen))} | AUC {ratio_alone(pairs):.2f} |",
            elongated(measure), *volunteers(measure)]


def ratio_alone(pairs):
    """How well the axis ratio ranks the first of each pair above the second, over all of them."""
    return sum((a[0] > b[0]) + 0.5 * (a[0] == b[0]) for a, _ in pairs for _, b in pairs) / len(pairs) ** 2


def elongated(measure):
    """Of Galaxy Zoo 1 there are more: elongated ellipticals beside edge-on disks."""
    two = {"elliptical": [], "edge_on": []}
    for row in read_rows(DATA / "galaxy-gz1/labels.csv"):
        if row["gz1_class"] in two and split(row["object_id"]) == "test" and float(row["axis_ratio"]) < 0.65:
            two[row["gz1_class"]].append((float(row["axis_ratio"]), row))
    pairs = matched(two["elliptical"], two["edge_on"], 0.02)
    chosen = [row for pair in pairs for _, row in pair]
    rows = measure.rows(measure.classify("gz1-elongated", "galaxy-morphology",
                                   measure.without_truth("galaxy-gz1", {row["file"] for row in chosen})))
    said = {row["file"]: row["gz1_class"] for row in chosen}
    right = 0
    for row in rows:
        p = row["probabilities"]
        smooth = p["smooth_round"] + p["smooth_cigar"] > p["edge_on_disk"]
        right += said[row["id"]] == ("elliptical" if smooth else "edge_on")
    return (f"| elliptical (round or cigar) against edge-on, test objects of `galaxy-gz1` with axis ratios below 0.65, "
            f"pairs within 0.02 | {len(rows)} | {share(right, len(rows))} | AUC {ratio_alone(pairs):.2f} |")


def matched(one, other, tolerance):
    """Pairs of nearest axis ratio, nearest first, each object once."""
    near = sorted((abs(a[0] - b[0]), i, j) for i, a in enumerate(one) for j, b in enumerate(other))
    used, pairs = (set(), set()), []
    for distance, i, j in near:
        if distance <= tolerance and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            pairs.append((one[i], other[j]))
    return pairs


def volunteers(measure):
    """A random sample of the test objects of Galaxy Zoo 1 as they come."""
    accepted = {"elliptical": {"smooth_round", "smooth_cigar"}, "spiral_cw": {"unbarred_spiral"},
                "spiral_acw": {"unbarred_spiral"}, "edge_on": {"edge_on_disk"}}
    said = {r["object_id"]: r["gz1_class"] for r in read_rows(DATA / "galaxy-gz1/labels.csv")}
    rows = measure.rows(measure.classify("gz1", "galaxy-morphology", GZ1, "--split", "test", "--sample",
                                   measure.args.volunteers, "--seed", "7"))
    agree = [row["label"] in accepted.get(said[row["id"]], ()) for row in rows]
    clear = [good for good, row in zip(agree, rows) if said[row["id"]] in accepted]
    warned = sum(bool(row.get("warning")) for row in rows)
    counts = {name: sum(said[row["id"]] == name for row in rows) for name in ("merger", "dont_know")}
    return [f"| random test objects of `galaxy-gz1`, ambiguous ones included ({counts['dont_know']} \"don't know\" "
            f"and {counts['merger']} mergers, which no class fits, count as wrong) | {len(rows)} | "
            f"{share(sum(agree), len(rows))} | |",
            f"| of these, those whose class the model has (elliptical is round or cigar) | {len(clear)} | "
            f"{share(sum(clear), len(clear))} | |",
            f"| of these random objects, warned of as unlike training | {len(rows)} | {share(warned, len(rows))} | |"]
