"""Runs Ray Serve and Phalanx as servers of a model that computes nothing, in turn, and prints rates and ratios.

`wrk` is the client of all, one thread on the same cores. All loads run once to warm up before the first is measured,
longer on a JVM, whose compiler takes a core of two for most of a minute. Ray Serve runs as it comes and with
RAY_SERVE_ENABLE_HA_PROXY=1. A figure is the median of the rounds.

Then Phalanx alone serves the streams of a model with steps of 20 ms, while further clients ask one that computes
nothing: its histogram phalanx:time_to_first_event_seconds is what serving adds to the time of a first token.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL = HERE.parent / "llm/src/test/resources/golden/llama-tiny"
PORT = 18300
URL = f"http://127.0.0.1:{PORT}"
SEQUENCES = 256
EVENTS = 64
STREAMS, ASKING, PAUSE_MS = 256, 8, 20  # of the part about first events
WARM_UP = {"Ray Serve": 5, "Ray Serve, HAProxy": 5, "Phalanx": 20}  # seconds of each load
LOADS = {  # name -> path, wrk's arguments, what one request counts
    "GET /health": ("/health", [], 1),
    "completion of 1 token": ("/v1/completions", ["1", "whole"], 1),
    f"stream of {EVENTS} events": ("/v1/completions", [str(EVENTS), "stream"], EVENTS),
}


def phalanx(arguments):
    return ["java", "-Xmx2g", "-classpath", arguments.classpath, "io.phalanx.http.StandInServer", str(PORT), str(MODEL), str(SEQUENCES)], {}


def ray_serve(arguments):
    return [sys.executable, str(HERE / "ray_echo.py"), str(PORT)], {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


def ray_serve_haproxy(arguments):
    command, environment = ray_serve(arguments)
    return command, {**environment, "RAY_SERVE_ENABLE_HA_PROXY": "1"}


SYSTEMS = {"Ray Serve": ray_serve, "Ray Serve, HAProxy": ray_serve_haproxy, "Phalanx": phalanx}


@contextlib.contextmanager
def running(name, arguments):
    """Starts a server and waits until it says READY; ends it with its standard input."""
    command, environment = SYSTEMS[name](arguments)
    log = arguments.work / f"serving-{name.replace(', ', '-').replace(' ', '-').lower()}.log"
    sessions = tempfile.mkdtemp(prefix="ray-")  # in a short path, since sockets lie there
    with open(log, "w") as errors:
        process = subprocess.Popen(command, env={**os.environ, **environment, "RAY_TMPDIR": sessions}, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
    try:
        if not any(line.startswith("READY") for line in process.stdout):
            sys.exit(f"bench: {name} did not start; its output is in {log}")
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(sessions, ignore_errors=True)


def wrk_command(clients, seconds, path, script_arguments):
    options = ["-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", str(HERE / "completions.lua")]
    return ["wrk", *options, URL + path, "--", *script_arguments]


def wrk(clients, seconds, path, script_arguments):
    command = wrk_command(clients, seconds, path, script_arguments)
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = json.loads(next(line for line in output.splitlines() if line.startswith("RESULT"))[len("RESULT"):])
    if result["failed"] or not result["requests"]:
        sys.exit(f"bench: {result} from {' '.join(command)}:\n{output}")
    return result


def first_events():
    """Returns upper bound in seconds -> how many first events of the stand-in came within it."""
    with urllib.request.urlopen(URL + "/metrics") as response:
        exposition = response.read().decode()
    bucket = r'^phalanx:time_to_first_event_seconds_bucket\{model_name="stand-in",le="([^"]+)"\} (\S+)'
    return {float(bound): float(count) for bound, count in re.findall(bucket, exposition, re.MULTILINE)}


def ask_beside_streams(seconds):
    """Returns how many first events there were and bound -> share within it, of clients that ask beside streams that run."""
    path = "/v1/completions"
    streams = subprocess.Popen(wrk_command(STREAMS, 2 * seconds, path, ["100", "stream", "stepping"]), stdout=subprocess.DEVNULL)
    time.sleep(seconds / 2)
    before = first_events()
    wrk(ASKING, seconds, path, ["4", "stream", "stand-in", str(PAUSE_MS)])
    counts = {bound: count - before.get(bound, 0) for bound, count in first_events().items()}
    streams.wait()
    if not counts.get(float("inf")):
        sys.exit("bench: /metrics counted no first event of the clients that asked beside streams")
    return counts[float("inf")], {bound: count / counts[float("inf")] for bound, count in counts.items()}


def show_first_events(answers, shares):
    within = ", ".join(f"{share:.2%} within {1000 * bound:g} ms" for bound, share in shares.items() if bound <= 0.05)
    print(f"\n{answers:.0f} answers beside {STREAMS} streams, their first event: {within}")


def measure(name, arguments):
    """Returns load -> figures of one run."""
    figures = {}
    with running(name, arguments):
        for path, script_arguments, _ in LOADS.values():
            wrk(arguments.clients, WARM_UP[name], path, script_arguments)
        for load, (path, script_arguments, count) in LOADS.items():
            result = wrk(arguments.clients, arguments.seconds, path, script_arguments)
            figures[load] = {"per_s": count * result["requests"] / result["seconds"], "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"]}
        if name == "Phalanx":
            show_first_events(*ask_beside_streams(2 * arguments.seconds))
    return figures


def median_of(rounds, load):
    return {key: statistics.median(measured[load][key] for measured in rounds) for key in rounds[0][load]}


def table(arguments, rounds):
    peers = [name for name in SYSTEMS if name != "Phalanx"]
    print(f"\n### {arguments.clients} clients: requests or events per second, p50 and p99 of a request in ms\n")
    print("| load | " + " | ".join(SYSTEMS) + " | " + " | ".join(f"Phalanx / {name}" for name in peers) + " |")
    print("|" + "---|" * (1 + len(SYSTEMS) + len(peers)))
    for load in LOADS:
        figures = {name: median_of(measured, load) for name, measured in rounds.items()}
        cells = [f"{row['per_s']:,.0f}, {row['p50_ms']:.1f}, {row['p99_ms']:.1f}" for row in figures.values()]
        cells += [f"{figures['Phalanx']['per_s'] / figures[name]['per_s']:.1f} x" for name in peers]
        print(f"| {load} | " + " | ".join(cells) + " |")


def cpu_name():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"{len(names)} cores of {names[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--classpath", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=64)
    arguments = parser.parse_args()
    if arguments.rounds == 0:
        return
    print(cpu_name())
    rounds = {name: [] for name in SYSTEMS}
    for _ in range(arguments.rounds):
        for name, measured in rounds.items():
            measured.append(measure(name, arguments))
    table(arguments, rounds)
    (arguments.work / "serving-results.json").write_text(json.dumps(rounds, indent=1))


if __name__ == "__main__":
    main()
