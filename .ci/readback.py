"""Reads our histograms with HdrHistogram's reference implementation (Java) and compares.

readback.py RECORD FOLDER: the folder is what `rpcbench report RECORD --hdr --out FOLDER` wrote.
"""
import glob
import json
import subprocess
import sys
import tempfile

JAR = "/usr/share/java/hdrhistogram.jar"
PROCESSOR = ["java", "-cp", JAR, "org.HdrHistogram.HistogramLogProcessor"]


def processed(log, unit_ns, folder):
    """What the reference makes of a log: its summary and its distribution, as lines."""
    out = f"{folder}/out"
    subprocess.run(PROCESSOR + ["-i", log, "-o", out, "-outputValueUnitRatio", str(unit_ns)], check=True)
    return open(out).read().splitlines(), open(out + ".hgrm").read().splitlines()


def as_log(texts, folder):
    """A log of histograms as a record holds them."""
    log = f"{folder}/record.hlog"
    with open(log, "w") as file:
        print("#[StartTime: 0.000 (seconds since epoch)]", file=file)
        for at, text in enumerate(texts):
            print(f"{at}.000,1.000,1.0,{text}", file=file)
    return log


def rows(lines):
    return [line for line in lines if line and not line.startswith(("#[Overall", "# "))]


def tied(mine, theirs, total):
    """Whether a rank falls on a row's very edge, where rounding decides which row it is."""
    counts = [int(row.split()[2]) for row in (mine, theirs)]
    rank = float(mine.split()[1]) * total
    return mine.split()[1] == theirs.split()[1] and any(abs(count - rank) < 1e-6 for count in counts)


def check_distribution(ours, texts, quantiles, folder):
    _, theirs = processed(as_log(texts, folder), 1000, folder)
    mine = rows(open(ours).read().splitlines())
    theirs = rows(theirs)
    total = int(mine[-4].split()[2])
    at = [{row.split()[1]: row for row in lines if row[0] != "#"} for lines in (mine, theirs)]
    for percentile in at[0].keys() | at[1].keys():
        pair = [side.get(percentile) for side in at]
        if None in pair:
            # Whoever takes a rank on a row's edge to be reached ends a row earlier than the other.
            (only,) = filter(None, pair)
            assert int(only.split()[2]) == total, f"{ours}: only one has {only}"
        else:
            assert pair[0] == pair[1] or tied(*pair, total), f"{ours}: {pair}"
    assert mine[-3:] == theirs[-3:], f"{ours}: {mine[-3:]} is not {theirs[-3:]}"
    values = {row.split()[1]: row.split()[0] for row in mine[1:] if not row.startswith("#")}
    for name, percentile in [("p50", "0.500000000000"), ("p90", "0.900000000000"), ("max", "1.000000000000")]:
        read, told = float(values[percentile]) * 1000, quantiles[name]
        assert abs(read - told) <= told / 500, f"{ours} {name}: {read} is not {told}"


def check_series(log, series, older, folder):
    """Replies to requests from before the window are counted in an interval, and not timed."""
    summary, _ = processed(log, 1, folder)
    lines = [line for line in summary if "I:" in line]
    full = [interval for interval in series if interval["requests"]]
    assert len(lines) == len(full), f"{log}: {len(lines)} intervals of {len(full)}"
    for line, told in zip(lines, full):
        own = line.split("I:")[1].split(")")[0].replace("(", "").split()
        read = [round(float(value)) for value in own]
        wanted = [told["requests"], told["p50"], read[2], told["max"]]
        older -= told["requests"] - read[0]
        assert read[0] <= told["requests"] and older >= 0, f"{log}: {read} is not {wanted}"
        assert read[1:] == wanted[1:], f"{log}: {read} is not {wanted}"


def main(record, folder):
    trials = [trial for cell in json.load(open(record))["cells"] for trial in cell["trials"]]
    for trial in trials:
        file = lambda kind: glob.glob(f"{folder}/hdr/*-{trial['order']:03}{kind}")[0]
        histograms = trial["histograms"]
        with tempfile.TemporaryDirectory() as work:
            both = [histograms["latency"], histograms["censored"]]
            check_distribution(file(".response.hgrm"), both, trial["latency_ns"], work)
            check_distribution(file(".service.hgrm"), [histograms["service"]], trial["service_ns"], work)
            check_series(file(".hlog"), trial["series"], trial["older"]["count"], work)
    print(f"{len(trials)} trials: HdrHistogram's own implementation reads the same quantiles")


main(*sys.argv[1:])
