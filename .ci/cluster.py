#!/usr/bin/env python3
"""Runs over a cluster: ranks on loopback, three hosts as network namespaces, and faults.

    .ci/cluster.py PROGRAM [TEST...]

PROGRAM is rpcbench with the feature `mpi`. Prints the table of faults of docs/cluster.md. What
needs namespaces is skipped, with a message, where they are not permitted.
"""

import base64
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PROGRAM = os.path.abspath(sys.argv[1])
HOSTS = {1: "rpcb1", 2: "rpcb2", 3: "rpcb3"}
SWITCH = "rpcbsw"
NET = "10.77.0"
# The address of the server, on the first host.
SERVER = "10.78.0.1"
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                   NO_COLOR="1")
LOCAL = ["mpirun", "--oversubscribe", "--mca", "btl", "self,vader", "--mca",
         "btl_vader_single_copy_mechanism", "none"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="rpcbench-cluster-"))
ROWS = []


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options)


def own_processes():
    """The processes that run PROGRAM, zombies apart."""
    found = []
    programs = (PROGRAM, str(FOLDER / "other"))
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/exe") in programs:
                found.append(int(entry))
        except OSError:
            pass
    return found


def arguments(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def rank_of(pid):
    """The rank of a process, if it is one: guard and server have the variable too."""
    try:
        if arguments(pid)[1] in ("__guard", "__serve", "serve"):
            return None
        found = re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", pathlib.Path(f"/proc/{pid}/environ").read_bytes())
        return int(found[1]) if found else None
    except (OSError, IndexError):
        return None


def rank_process(rank):
    for pid in own_processes():
        if rank_of(pid) == rank:
            return pid
    sys.exit(f"there is no rank {rank}")


def buckets(text):
    """The counts of a histogram (HdrHistogram V2 with DEFLATE) by index."""
    data = zlib.decompress(base64.b64decode(text)[8:])
    body, counts, index = data[40:], collections.Counter(), 0
    at = 0
    while at < len(body):
        value = shift = 0
        for byte_at in range(9):
            byte = body[at]
            at += 1
            if byte_at == 8:
                value |= byte << shift
                break
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        value = (value >> 1) ^ -(value & 1)
        if value < 0:
            index -= value
        else:
            if value:
                counts[index] += value
            index += 1
    return counts


def trial_of(path):
    record = json.loads(pathlib.Path(path).read_text())
    return record, record["cells"][0]["trials"][0]


def is_the_sum_of_its_ranks(trial):
    total = collections.Counter()
    for row in trial["ranks"]:
        total.update(buckets(row["histogram"]))
    assert total == buckets(trial["histograms"]["latency"]), "the buckets differ"
    for field in ("requests", "censored", "unanswered"):
        whole = trial[field]["count"] if field == "censored" else trial[field]
        assert whole == sum(row[field] for row in trial["ranks"]), field


def codes(trial):
    return {finding["code"]: finding["values"] for finding in trial["validity"]["findings"]}


def measured(launcher, options, name):
    """Runs a measurement that must succeed."""
    file = FOLDER / f"{name}.json"
    command = [*launcher, PROGRAM, *options, "--save", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=90)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    # mpirun gives each rank a terminal, whatever its own output is.
    assert "\x1b" not in done.stdout, done.stdout
    assert not own_processes(), own_processes()
    return trial_of(file)[1]


def test_loopback():
    """Four ranks on one host: open and closed loop, a scenario, a command, and a target."""
    load = ["--clients", "64", "--rate", "8k", "--arrivals", "constant", "--warmup", "500ms"]
    trial = measured([*LOCAL, "-n", "4"], ["--model", "async", *load, "--duration", "2s"], "four")
    is_the_sum_of_its_ranks(trial)
    assert len(trial["ranks"]) == 4 and trial["clients_served"] == 64
    assert trial["planned"] == 16000, trial["planned"]
    assert abs(trial["requests"] - 16000) <= 160, trial["requests"]
    print(f"four ranks at 8,000/s: {trial['throughput_rps']:.0f}/s")
    one = [measured([], ["--model", "async", *load, "--duration", "500ms"], "one")
           for _ in range(5)]
    for quantile in ("p50", "p95", "p99"):
        range_us = sorted(trial["latency_ns"][quantile] / 1000 for trial in one)
        print(f"{quantile}: four ranks {trial['latency_ns'][quantile] / 1000:.0f} µs,",
              f"5 runs of one rank {range_us[0]:.0f} to {range_us[-1]:.0f} µs")
    closed = measured([*LOCAL, "-n", "3"], ["--model", "threaded", "--clients", "16", "--duration",
                                            "300ms", "--warmup", "200ms", "--trials", "2"], "closed")
    is_the_sum_of_its_ranks(closed)
    # A server that takes its time to start: the other ranks wait.
    serve = f"sh -c 'sleep 5; exec {PROGRAM} serve --model async --listen 127.0.0.1:{{port}}'"
    is_the_sum_of_its_ranks(measured([*LOCAL, "-n", "2"], ["--exec", serve, "--clients", "8", "--rate", "500",
                                     "--duration", "300ms"], "exec"))
    scenario = measured([*LOCAL, "-n", "2"], ["--model", "async", "--scenario", "skew", "--trials",
                        "1", "--duration", "300ms"], "scenario")
    is_the_sum_of_its_ranks(scenario)
    search = measured([*LOCAL, "-n", "2"], ["--model", "async", "--clients", "8", "--slo", "p50<50ms",
                      "--duration", "100ms", "--warmup", "50ms"], "search")
    assert len(search["ranks"]) == 2


def test_refusals():
    """Commands that measure on one machine only."""
    for command in ("selftest", "torture", "calibrate"):
        options = [] if command == "selftest" else ["--model", "async"]
        done = subprocess.run([*LOCAL, "-n", "2", PROGRAM, command, *options], capture_output=True,
                              text=True, env=ENVIRONMENT, timeout=60)
        assert done.returncode == 2, (command, done)
        assert f"{command} does not run over a cluster" in done.stderr, done.stderr
    assert not own_processes()


def may_have_namespaces():
    try:
        run(["ip", "netns", "add", "rpcbtry"])
        run(["ip", "netns", "del", "rpcbtry"])
        return True
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"SKIPPED: network namespaces are not permitted here: {error}")
        return False


def build_hosts():
    """Three hosts at a switch, and the server's own network behind the first host."""
    remove_hosts()
    run(["ip", "netns", "add", SWITCH])
    run(["ip", "-n", SWITCH, "link", "add", "br0", "type", "bridge"])
    run(["ip", "-n", SWITCH, "link", "set", "br0", "up"])
    for number, name in HOSTS.items():
        run(["ip", "netns", "add", name])
        run(["ip", "-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{number}",
             "netns", SWITCH])
        run(["ip", "-n", SWITCH, "link", "set", f"p{number}", "master", "br0", "up"])
        run(["ip", "-n", name, "addr", "add", f"{NET}.{number}/24", "dev", "eth0"])
        run(["ip", "-n", name, "link", "set", "eth0", "up"])
        run(["ip", "-n", name, "link", "set", "lo", "up"])
        if number > 1:
            run(["ip", "-n", name, "route", "add", f"{SERVER}/32", "via", f"{NET}.1"])
    run(["ip", "-n", HOSTS[1], "addr", "add", f"{SERVER}/32", "dev", "lo"])
    agent = FOLDER / "agent"
    # Each host has a name of its own, and what a test changes for it.
    agent.write_text(f"""#!/bin/sh
host=${{1##*.}}; shift
exec ip netns exec rpcb$host unshare --uts $(cat {FOLDER}/time.$host 2>/dev/null) \\
    sh -c "hostname host$host; $(cat {FOLDER}/limit.$host 2>/dev/null) $*"
""")
    agent.chmod(0o755)


def remove_hosts():
    for name in [*HOSTS.values(), SWITCH]:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def wait_until_reachable(one, other):
    """A refused connection has come through."""
    connect = (f"import socket; s = socket.socket(); s.settimeout(0.5)\n"
               f"try: s.connect(('{NET}.{other}', 9))\nexcept ConnectionRefusedError: pass")
    until = time.monotonic() + 10
    while subprocess.run(["ip", "netns", "exec", HOSTS[one], sys.executable, "-c", connect],
                         capture_output=True).returncode != 0:
        assert time.monotonic() < until, f"host {one} does not reach host {other}"
        time.sleep(0.2)


def cluster(ranks=3):
    hosts = ",".join(f"{NET}.{number}:1" for number in range(1, ranks + 1))
    inside = ["ip", "netns", "exec", HOSTS[1], "unshare", "--uts", "sh", "-c",
              'hostname host1; exec "$@"', "sh"]
    return [*inside, "mpirun", "--mca", "plm_rsh_agent", str(FOLDER / "agent"), "--mca", "oob_tcp_if_include",
            f"{NET}.0/24", "--mca", "btl_tcp_if_include", f"{NET}.0/24", "--mca", "btl", "self,tcp",
            "--host", hosts, "-n", str(ranks)]


RATE = ["--model", "async", "--listen-address", SERVER, "--rate", "600", "--warmup", "500ms"]
LOAD = [*RATE, "--clients", "30"]


def test_hosts():
    """Three hosts, one of them with another monotonic clock and one with a slow network."""
    (FOLDER / "time.3").write_text("--time --monotonic 5000000 --fork")
    slow = ["ip", "netns", "exec", HOSTS[2], "tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", "20ms"]
    has_delay = subprocess.run(slow, capture_output=True).returncode == 0
    trial = measured(cluster(), [*LOAD, "--duration", "2s"], "hosts")
    is_the_sum_of_its_ranks(trial)
    rows = {row["rank"]: row for row in trial["ranks"]}
    assert [rows[rank]["host"] for rank in range(3)] == ["host1", "host2", "host3"]
    p50 = {rank: row["latency_ns"]["p50"] / 1e6 for rank, row in rows.items()}
    if has_delay:
        print("p50 of each rank with 20 ms of delay at rank 1, in ms:", p50)
        assert 20 <= p50[1] < 40 and p50[0] < 10 and p50[2] < 10, p50
        assert [rank["rank"] for rank in codes(trial)["stragglers"]["ranks"]] == [1]
        assert rows[1]["clock"]["uncertainty_ns"] >= 9e6, rows[1]["clock"]
        run(["ip", "netns", "exec", HOSTS[2], "tc", "qdisc", "del", "dev", "eth0", "root"])
    else:
        print("SKIPPED: the kernel has no netem, so no link can be slowed down")
    clock = rows[2]["clock"]
    print("clock of rank 2, shifted by 5,000,000 s:", clock)
    assert abs(clock["offset_s"] - 5e6) < 0.01, clock
    assert "ranks-apart" not in codes(trial), codes(trial)
    (FOLDER / "time.3").unlink()


def test_reach():
    """A server that only its own host could reach is refused."""
    done = subprocess.run([*cluster(), PROGRAM, "--model", "async", "--no-save"], capture_output=True, text=True,
                          env=ENVIRONMENT, timeout=60)
    assert done.returncode == 2 and "--listen-address" in done.stderr, done


def fault(name, launcher, options, break_it, expected, planned_s, after_s=None, other=None):
    """Runs a measurement, breaks something, and notes what comes of it."""
    file = FOLDER / "fault.json"
    file.unlink(missing_ok=True)
    command = [*launcher, PROGRAM, *options, "--save", str(file)]
    if other:
        command = [*launcher, "-n", "1", PROGRAM, *options, "--save", str(file), ":", "-n", "1", other, *options]
    with open(FOLDER / "output", "w+") as output:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=output, stderr=output, env=ENVIRONMENT,
                                   start_new_session=True)
        if after_s is not None:
            while len([pid for pid in own_processes() if rank_of(pid) is not None]) < 2:
                assert process.poll() is None, (FOLDER / "output").read_text()
                time.sleep(0.05)
            started = time.monotonic()
            time.sleep(after_s)
        broken = time.monotonic()
        break_it()
        limit = max(planned_s - (broken - started), 0) + 8
        ended = None
        while time.monotonic() < broken + limit:
            # A run that is refused at its start has ended when the engine has.
            if not own_processes() and (after_s is not None or process.poll() is not None):
                break
            time.sleep(0.05)
        seconds = time.monotonic() - broken
        # The engine then has a moment to end; it waits for a host that is cut off.
        while process.poll() is None and time.monotonic() < broken + seconds + 2:
            time.sleep(0.05)
        code, left = process.poll(), own_processes()
        if code is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for host in HOSTS.values():
            in_host = subprocess.run(["ip", "netns", "pids", host], capture_output=True, text=True).stdout
            for pid in in_host.split():
                os.kill(int(pid), signal.SIGKILL)
        output.seek(0)
        text = output.read()
    saved = "none"
    if file.exists():
        record, trial = trial_of(file)
        marks = codes(trial)
        saved = "whole"
        if "missing-ranks" in marks:
            assert record["interrupted"], "it is marked"
            saved = f"{len(trial['ranks'])} of {marks['missing-ranks']['ranks']} ranks, marked"
    found = re.search(expected, text)
    said = found[0].strip() if found else "NOT FOUND"
    shown = "mpirun waits for the host" if code is None else code
    ROWS.append(f"| {name} | {said} | {shown} | {seconds:.1f} | {len(left)} | {saved} |")
    assert found, text
    assert not left, left
    assert code != 0, code
    within = max(planned_s - (broken - started), 0) + 5
    assert seconds <= within + 1, f"{seconds} s, not {within}"
    return text


def test_faults():
    seconds = ["--duration", "4s"]
    planned_s = 7  # one of them for the start of the ranks

    def signalled(rank, number):
        return lambda: os.kill(rank_process(rank), number)

    fault("a rank is killed", [*LOCAL, "-n", "3"], ["--model", "async", "--rate", "600", *seconds],
          signalled(2, signal.SIGKILL), r"mpirun noticed that process rank 2[^\n]*\n?[^\n]*signal 9", planned_s, 2)
    fault("a rank hangs", [*LOCAL, "-n", "3"], ["--model", "async", "--rate", "600", *seconds],
          signalled(1, signal.SIGSTOP), r"rpcbench: rank 1 on [^\n]*", planned_s, 2)
    fault("rank 0 is killed", [*LOCAL, "-n", "3"], ["--model", "async", "--rate", "600", *seconds],
          signalled(0, signal.SIGKILL), r"mpirun noticed that process rank 0[^\n]*\n?[^\n]*signal 9", planned_s, 2)
    other = FOLDER / "other"
    git = json.loads((FOLDER / "four.json").read_text())["tool"]["git"] if (FOLDER / "four.json").exists() else None
    if git and git != git[::-1]:
        other.write_bytes(pathlib.Path(PROGRAM).read_bytes().replace(git.encode(), git[::-1].encode()))
        other.chmod(0o755)
        fault("another build", LOCAL, ["--model", "async", *seconds], lambda: None,
              r"rpcbench: rank 1 on [^\n]*same build[^\n]*", 0, None, str(other))


def test_host_faults():
    seconds = ["--duration", "4s"]
    planned_s = 7  # one of them for the start of the ranks
    fault("a link is cut", cluster(), [*LOAD, *seconds],
          lambda: run(["ip", "-n", SWITCH, "link", "set", "p3", "down"]),
          r"rpcbench: rank 2 on host3: it does not answer[^\n]*", planned_s, 2)
    run(["ip", "-n", SWITCH, "link", "set", "p3", "up"])
    wait_until_reachable(3, 1)
    run(["ip", "-n", HOSTS[3], "route", "replace", "unreachable", f"{SERVER}/32"])
    fault("a rank cannot connect", cluster(), [*LOAD, *seconds], lambda: None,
          r"rpcbench: rank 2 on host3: cannot connect to [^\n]*", 0)
    run(["ip", "-n", HOSTS[3], "route", "del", "unreachable", f"{SERVER}/32"])
    run(["ip", "-n", HOSTS[3], "route", "replace", f"{SERVER}/32", "via", f"{NET}.1"])
    (FOLDER / "limit.3").write_text("ulimit -n 120;")
    fault("too few descriptors", cluster(), [*RATE, *seconds, "--clients", "600"], lambda: None,
          r"rpcbench: rank 2 on host3: [^\n]*file descriptors[^\n]*", 0)
    (FOLDER / "limit.3").unlink()


def main():
    tests = [test_loopback, test_refusals, test_faults]
    hosts = [test_hosts, test_reach, test_host_faults]
    asked = sys.argv[2:]
    begun = time.monotonic()
    try:
        has_hosts = may_have_namespaces()
        if has_hosts:
            build_hosts()
        for test in tests + (hosts if has_hosts else []):
            if asked and test.__name__ not in asked:
                continue
            at = time.monotonic()
            test()
            print(f"{test.__name__}: {time.monotonic() - at:.0f} s", flush=True)
    finally:
        if ROWS:
            print("\n| fault | message | exit code | seconds | processes left | record |\n|---|---|---|---|---|---|")
            print("\n".join(ROWS))
        remove_hosts()
        shutil.rmtree(FOLDER, ignore_errors=True)
    print(f"all in {time.monotonic() - begun:.0f} s")


main()
