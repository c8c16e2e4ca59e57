#!/usr/bin/env python3
"""Derives the outcome of a check from the pairs in its record, with the formulae of docs/ci.md, and
compares it with what the record says. It shares no code with the program.

    .ci/evidence.py CHECK.json...
"""
import json
import math
import statistics
import sys

LAMBDAS = (0.25, 0.5, 1.0, 1.5)
STAKES = (0.3, 0.6, 0.9)
FROM_MACHINE = ("rate-not-kept", "steal", "invalid")
UNMEASURABLE = ("not-started", "died", "no-replies", "clients-unserved", "invalid")
TOLERANCE = 1e-6


def gated_of(kinds, rules):
    """(load, metric) of each gated metric of a part."""
    tails = [name for name in ("p95", "p99") if rules["gate_" + name]]
    gates = []
    for load in kinds:
        if load == "rate":
            gates += [(load, name) for name in ["cpu_us_per_request", "p50"] + tails]
        elif load == "capacity" and "rate" in kinds:
            gates += [(load, "throughput")]
        else:
            usual = ["cpu_us_per_request", "throughput"] + (["p50"] if load == "closed" else [])
            gates += [(load, name) for name in usual + tails]
    return gates


def margin_of(metric, rules):
    names = {"cpu_us_per_request": "margin"}
    return rules[names.get(metric, "margin_" + metric)]


def observations(part, load, metric, added=False):
    """(d, known) of each pair, or of each added start: d over 0 is worse."""
    found = []
    for pair in part["pairs"]:
        for measured in (one for one in pair["loads"] if one.get("added", False) == added):
            for value in measured["values"]:
                if measured["load"] == load and value["metric"] == metric:
                    d = math.log(value["candidate"] / value["baseline"])
                    d = -d if metric == "throughput" else d
                    found.append((max(-10.0, min(10.0, d)), value["known"]))
    return found


def scales(seen):
    sizes, scales = [], []
    for d, known in seen:
        scales.append(0.12 if len(sizes) < 3 else max(0.02, 1.4826 * statistics.median(sizes)))
        if known != "nothing":
            sizes.append(abs(d))
    return scales


def wealth(seen, direction, centre):
    """The highest value of the martingale that bets on direction * (d - centre) over 0."""
    products, highest = [1.0] * len(LAMBDAS), 1.0
    # What the bet may not count for: values that could be better than they look.
    capped = "at-most" if direction > 0 else "at-least"
    for (d, known), scale in zip(seen, scales(seen)):
        if known == "nothing":
            continue
        x = direction * (d - centre)
        if known == capped:
            x = min(x, 0.0)
        products = [p * (1 + 0.9 * math.tanh(l * x / scale)) for p, l in zip(products, LAMBDAS)]
        highest = max(highest, sum(products) / len(products))
    return highest


def shown(seen, direction):
    """Half of what each pair shows in a direction is beyond this."""
    capped = "at-most" if direction > 0 else "at-least"
    values = []
    for d, known in seen:
        x = 0.0 if known == "nothing" else direction * d
        values.append(min(x, 0.0) if known == capped else x)
    return statistics.median(values) if values else 0.0


def is_limited(seen, added, delta, margin):
    no_pass = [d for d, known in seen if known in ("nothing", "at-least")]
    beyond = math.log1p(margin)
    worse = sum(known in ("nothing", "at-least") and d > beyond for d, known in seen + added)
    better = sum(known in ("nothing", "at-most") and -d > beyond for d, known in seen + added)
    most = len(no_pass) * 2 > len(seen)
    return most and statistics.median(no_pass) < math.log1p(delta) and worse < better + 2


def slow_starts(seen, margin):
    logs = [d for d, _ in seen]
    if not logs:
        return [0, 0]
    usual, least = statistics.median(logs), math.log(max(1.6, 1 + margin))
    return [sum(sign * d - max(sign * usual, 0.0) >= least for d in logs) for sign in (-1, 1)]


def metric_outcome(seen, margin, pairs, rules, needed):
    evidence = {
        "worse": wealth(seen, 1, 0.0),
        "better": wealth(seen, -1, 0.0),
        "within_margin": wealth(seen, -1, math.log1p(margin)),
    }
    beyond, enough = math.log1p(rules["delta"]), pairs >= rules["least_pairs"]
    within = enough and evidence["within_margin"] >= 1 / rules["alpha"]
    if enough and evidence["worse"] >= needed and shown(seen, 1) > beyond:
        outcome = "regressed"
    elif enough and evidence["better"] >= needed and shown(seen, -1) > beyond:
        outcome = "improved" if within else "inconclusive"
    else:
        outcome = "pass" if within else "inconclusive"
    return outcome, evidence


def more(load, side, kind=None):
    """The failures that one side has and the other has not, or far less of."""
    for failure in load["failures"]:
        if failure["side"] != side or (kind and failure["kind"] != kind):
            continue
        other = sum(
            f["count"] for f in load["failures"] if f["side"] != side and f["kind"] == failure["kind"]
        )
        share = failure["count"] / max(failure["of"], 1)
        if failure["count"] > 2 * other and (other == 0 or share > 0.001):
            yield failure


def level(load, side):
    return max([1 if f["kind"] in FROM_MACHINE else 2 for f in more(load, side)], default=0)


def reliability(part, rules, needed):
    signs = []
    for load in (load for pair in part["pairs"] for load in pair["loads"]):
        candidate, baseline = level(load, "candidate"), level(load, "baseline")
        signs.append((candidate > baseline) - (candidate < baseline))
    evidence = {}
    for name, direction in (("worse", 1), ("better", -1)):
        products, highest = [1.0] * len(STAKES), 1.0
        for sign in signs:
            products = [p * (1 + stake * direction * sign) for p, stake in zip(products, STAKES)]
            highest = max(highest, sum(products) / len(products))
        evidence[name] = highest
    enough = len(part["pairs"]) >= rules["least_pairs"]
    kinds = {f["kind"] for pair in part["pairs"] for load in pair["loads"] for f in load["failures"]}

    def starts_with(side, kind):
        loads = (load for pair in part["pairs"] for load in pair["loads"])
        return sum(any(more(load, side, kind)) for load in loads)

    blocked = any(
        starts_with("candidate", kind) > starts_with("baseline", kind)
        for kind in kinds
        if kind not in FROM_MACHINE
    )
    if enough and evidence["worse"] >= needed:
        return "regressed", evidence, signs
    if blocked:
        return "inconclusive", evidence, signs
    is_better = enough and evidence["better"] >= needed
    return ("improved" if is_better else "pass"), evidence, signs


def is_unmeasurable(pair):
    for load in pair["loads"]:
        sides = {f["side"] for f in load["failures"] if f["kind"] in UNMEASURABLE}
        if len(sides) == 2:
            return True
    return False


def overall(outcomes):
    for outcome in ("regressed", "invalid", "inconclusive"):
        if outcome in outcomes:
            return outcome
    return "improved" if "improved" in outcomes else "pass"


def part_outcome(part, rules, needed, problems):
    gates = gated_of([load["load"] for load in part["loads"]], rules)
    pairs, judged, slow, measured = len(part["pairs"]), [], False, False
    most_slow = {load: [0, 0] for load, _ in gates}
    for load, metric in gates:
        seen, margin = observations(part, load, metric), margin_of(metric, rules)
        outcome, evidence = metric_outcome(seen, margin, pairs, rules, needed)
        added = observations(part, load, metric, added=True)
        limited = metric == "throughput" and is_limited(seen, added, rules["delta"], margin)
        judged.append((outcome, limited))
        own, later = slow_starts(seen, margin), slow_starts(added, margin)
        baseline, candidate = (own[side] + later[side] for side in (0, 1))
        is_tail = metric in ("p95", "p99")
        if not is_tail:
            slow = slow or candidate >= baseline + 2 or own[1] >= own[0] + 2
            most = most_slow[load]
            most_slow[load] = [max(most[0], baseline), max(most[1], candidate)]
        measured = measured or bool(seen)
        stored = [f for f in part["findings"] if (f["load"], f["metric"]) == (load, metric)]
        if not stored:
            if seen:
                problems.append(f"{part['name']}: no finding of {metric}")
            continue
        compare(part["name"] + " " + metric, stored[0], outcome, evidence, needed, problems)
    baseline, candidate = (sum(most[side] for most in most_slow.values()) for side in (0, 1))
    slow = slow or candidate >= baseline + 2
    stored = part.get("slow_starts") or {"starts": [baseline, candidate], "rules_out_pass": slow}
    if (stored["starts"], stored["rules_out_pass"]) != ([baseline, candidate], slow):
        problems.append(f"{part['name']}: slow starts {stored} are {baseline}, {candidate}, {slow}")
    failures, evidence, signs = reliability(part, rules, needed)
    compare(part["name"] + " reliability", part["reliability"], failures, evidence, needed, problems)
    if part["reliability"]["signs"] != signs:
        problems.append(f"{part['name']}: signs {part['reliability']['signs']} are {signs} here")
    if failures == "regressed" or any(outcome == "regressed" for outcome, _ in judged):
        return "regressed"
    unmeasurable = sum(map(is_unmeasurable, part["pairs"]))
    if unmeasurable >= 3 and unmeasurable * 2 > pairs:
        return "invalid"
    decisive = [outcome for outcome, limited in judged if not (limited and outcome == "inconclusive")]
    if pairs < rules["least_pairs"] or slow or not measured or not decisive:
        return "inconclusive"
    return overall(decisive + [failures])


def compare(name, stored, outcome, evidence, needed, problems):
    if stored["outcome"] != outcome:
        problems.append(f"{name}: {stored['outcome']} in the record is {outcome} here")
    if abs(stored["evidence"]["needed_for_change"] - needed) > TOLERANCE * needed:
        problems.append(f"{name}: needs {stored['evidence']['needed_for_change']}, {needed} here")
    for key, value in evidence.items():
        own = stored["evidence"][key]
        if abs(own - min(value, 1e12)) > TOLERANCE * max(abs(value), 1):
            problems.append(f"{name}: evidence {key} {own} in the record is {value} here")


def main():
    failed = False
    for path in sys.argv[1:]:
        check = json.load(open(path))["check"]
        rules, problems = check["rules"], []
        gates = sum(
            1 + len(gated_of([load["load"] for load in part["loads"]], rules))
            for part in check["parts"]
        )
        if gates != check["gated"]:
            problems.append(f"{check['gated']} gated metrics are {gates} here")
        needed = 2 * gates / rules["alpha"]
        outcomes = []
        for part in check["parts"]:
            outcomes.append(part_outcome(part, rules, needed, problems))
            if outcomes[-1] != part["outcome"]:
                problems.append(f"{part['name']}: {part['outcome']} is {outcomes[-1]} here")
        if overall(outcomes) != check["outcome"]:
            problems.append(f"{check['outcome']} in the record is {overall(outcomes)} here")
        pairs = sum(len(part["pairs"]) for part in check["parts"])
        for problem in problems:
            print(f"{path}: {problem}")
        failed = failed or bool(problems)
        if not problems:
            print(f"{path}: {check['outcome']} follows from its {pairs} pairs")
    sys.exit(failed)


main()
