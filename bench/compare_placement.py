"""Runs Ray's and Phalanx's placement in turn and prints rates, latencies and ratios.

`cycle` is create, wait until created, remove: of Ray until its control store has taken note of the removal, of Phalanx
until every node has freed its bundles. Of groups in flight together, one cycle is that of all of them; of 1,000 groups at once
it ends when all are created. A figure is the median of the rounds.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIGURES = ("per_s", "p50_ms", "p99_ms")


def phalanx(arguments, nodes, gpus):
    return ["java", "-Xmx1g", "-classpath", arguments.classpath, "io.phalanx.placement.bench.PlacementRates",
            str(nodes), str(arguments.seconds), str(gpus)]


def ray(arguments, nodes, gpus):
    return [sys.executable, str(HERE / "ray_rates.py"), "--nodes", str(nodes), "--seconds", str(arguments.seconds), "--gpus", str(gpus)]


SYSTEMS = {"ray": ray, "phalanx": phalanx}


def measure(name, arguments, nodes, gpus):
    """Returns case -> figures of one run."""
    log = arguments.work / f"placement-{name}.log"
    sessions = tempfile.mkdtemp(prefix="ray-")  # in a short path, since sockets lie there
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_TMPDIR": sessions}
    try:
        with open(log, "w") as errors:
            run = subprocess.run(SYSTEMS[name](arguments, nodes, gpus), env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
    finally:
        shutil.rmtree(sessions, ignore_errors=True)
    if run.returncode:
        sys.exit(f"bench: {name} ended with {run.returncode}; its output is in {log}")
    cases = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {(case["bundles"], case["strategy"], case["mode"]): case for case in cases}


def medians(rounds):
    return {case: {key: statistics.median(measured[case][key] for measured in rounds) for key in FIGURES} for case in rounds[0]}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def row(case, own, peer):
    bundles, strategy, mode = case
    cells = [f"{bundles}, {strategy}", mode]
    cells += [", ".join(number(figures[key]) for key in FIGURES) for figures in (own, peer)]
    cells += [f"{number(own['per_s'] / peer['per_s'])} x", f"{number(peer['p50_ms'] / own['p50_ms'])} x"]
    return "| " + " | ".join(cells) + " |"


def table(nodes, gpus, figures):
    print(f"\n### {nodes} nodes, {gpus} GPUs each\n")
    print("| bundles | mode | Phalanx: per second, p50 ms, p99 ms | Ray | rate | p50 |\n|" + "---|" * 6)
    for case, own in figures["phalanx"].items():
        print(row(case, own, figures["ray"][case]))


def cpu_name():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--gpus", type=int, default=0)
    parser.add_argument("nodes", type=int, nargs="*", default=[8])
    arguments = parser.parse_args()
    if arguments.rounds == 0:
        return
    print(cpu_name())
    results = []
    for nodes in arguments.nodes:
        gpus = arguments.gpus or (64 if nodes == 1 else 4)
        rounds = {name: [] for name in SYSTEMS}
        for _ in range(arguments.rounds):
            for name, measured in rounds.items():
                measured.append(measure(name, arguments, nodes, gpus))
        table(nodes, gpus, {name: medians(measured) for name, measured in rounds.items()})
        results += [{"system": name, "round": index, "gpus": gpus, **case}
                    for name, measured in rounds.items() for index, cases in enumerate(measured) for case in cases.values()]
    (arguments.work / "placement-results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
