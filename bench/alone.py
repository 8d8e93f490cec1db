"""What Phalanx does alone: each figure a ratio of two measured one after the other, or beside each other.

    cached    time to first token of a prompt whose first 1,024 of 1,088 tokens are cached, to uncached
    chunked   median time between tokens of 4 streams while a prompt of 4,000 tokens arrives, to undisturbed
    parallel  rates of two ranks (of one JVM by tensor; of two JVMs by tensor; by pipeline) with one
              thread each, to one rank with two threads; all are up, and loads go to one after the other
    stages    how much of the time two pipeline stages compute while 4 streams run
    memory    resident set after a load, and what of it is weights
"""
import argparse
import asyncio
import contextlib
import os
import re
import statistics
import time
from pathlib import Path

import aiohttp

import compare
import load

CACHED, TAIL = 1024, 64
URL = compare.url_of(compare.FIRST_PORT)
LONG, RUNNING, UNDISTURBED = 4000, 4, 40
NODE_PORT = 18250  # of the first JVM's node, which a second one joins; the HTTP port is added


def configuration(work, model, name, engine, port, nodes="nodes = 1", extra=""):
    conf = work / f"alone-{name}.conf"
    conf.write_text(f"""
      phalanx.http.port = {port}
      phalanx.node.port = {node_port(port)}
      phalanx.local-cluster {{ {nodes} }}
      phalanx.llm-configs = [{{
        model-loading-config {{ model-id = {model}, model-source = "{work}/models/{model}" }}
        engine-kwargs {{ max-model-len = 8192, max-num-seqs = 32, {engine} }}
        {extra}
      }}]""")
    return [str(compare.HOME / "bin/phalanx"), "serve", str(conf)]


def node_port(port):
    return NODE_PORT + port - compare.FIRST_PORT


def start(stack, work, model, name, engine, port=compare.FIRST_PORT, two_jvms=False, **options):
    """Starts a server whose engine has these arguments, and its second JVM if it has one."""
    command = configuration(work, model, name, engine, port, **options)
    if two_jvms:
        stack.enter_context(compare.running(second_jvm(port), {}, work / f"server-alone-{name}-node.log"))
    return compare.start(stack, name, command, {}, port, model, work / f"server-alone-{name}.log")


def second_jvm(port):
    """A node with one device that joins the first JVM's cluster once that is there."""
    phalanx = str(compare.HOME / "bin/phalanx")
    until = f"until (exec 3<>/dev/tcp/127.0.0.1/{node_port(port)}) 2>/dev/null; do sleep 0.2; done"
    join = f"exec {phalanx} node --join 127.0.0.1:{node_port(port)} --gpus 1 --accelerator-type L4"
    return ["bash", "-c", f"{until}; {join}"]


def cached(work, model, *_):
    with contextlib.ExitStack() as stack:
        start(stack, work, model, "cached", "enable-prefix-caching = true")

        def first_token(prompt):
            return load.summary(asyncio.run(load.closed_loop(URL, model, 1, [prompt], 1)), len(prompt), 1)["ttft"]

        warm, again, *others = load.prompts(5, CACHED + TAIL, 11, shared=CACHED)
        first_token(warm)
        hits = [first_token(prompt) for prompt in (again, *others)]
        misses = [first_token(prompt) for prompt in load.prompts(2, CACHED + TAIL, 12)]
    hit, miss = statistics.median(hits), statistics.median(misses)
    print(f"cached: first token after {hit:.0f} ms, uncached {miss:.0f} ms: {hit / miss:.3f}")


async def gaps_around(model):
    """Median gaps of running streams before and while a long prompt is computed, and how long that took."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=900)) as session:
        times = [[] for _ in range(RUNNING)]
        streams = [asyncio.create_task(load.request(session, URL, model, prompt, 1500, arrivals))
                   for prompt, arrivals in zip(load.prompts(RUNNING, 128, 13), times)]
        while min(map(len, times)) < UNDISTURBED:
            await asyncio.sleep(0.02)
        sent, (first, *_) = await load.request(session, URL, model, load.prompts(1, LONG, 14)[0], 1)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    gaps = [(a, b) for arrivals in times for a, b in zip(arrivals[5:], arrivals[6:])]
    before = [b - a for a, b in gaps if b < sent]
    during = [b - a for a, b in gaps if sent <= a and b <= first]
    return statistics.median(before), statistics.median(during), first - sent


def chunked(work, model, *_):
    with contextlib.ExitStack() as stack:
        server = start(stack, work, model, "chunked", "enable-prefix-caching = false")
        server.load(model, 1, 1, 1024, 8)
        server.load(model, RUNNING, RUNNING, 256, 16)
        quiet, busy, prompt = asyncio.run(gaps_around(model))
    print(f"chunked: {busy * 1e3:.0f} ms between tokens while {LONG} tokens arrive, {quiet * 1e3:.0f} ms undisturbed: "
          f"{busy / quiet:.2f}; the prompt took {prompt:.1f} s")


SPREAD = "placement-group-config { strategy = STRICT_SPREAD }"
LAYOUTS = {  # name -> engine arguments, more
    "one rank": ("tensor-parallel-size = 1", {}),
    "TP 2": ("tensor-parallel-size = 2", {"nodes": "nodes = 1, gpus-per-node = 2"}),
    "TP 2, two JVMs": ("tensor-parallel-size = 2", {"nodes": "nodes = 1, gpus-per-node = 1", "extra": SPREAD, "two_jvms": True}),
    "PP 2": ("pipeline-parallel-size = 2", {"nodes": "nodes = 1, gpus-per-node = 2"}),
}


PARALLEL_LOADS = {  # name -> streams, requests, prompt, output, the figure that counts
    "decode": (1, 2, 128, 48, "decode"),
    "prefill": (1, 2, 1024, 1, "prefill"),
    "streams4": (4, 4, 128, 64, "output"),
    "prefill4": (4, 4, 1024, 1, "prompts"),
    "decode4": (4, 4, 16, 64, "output"),
}


def parallel(work, model, rounds, loads):
    with contextlib.ExitStack() as stack:
        servers = {}
        for port, (name, (engine, options)) in enumerate(LAYOUTS.items(), compare.FIRST_PORT):
            arguments = "enable-prefix-caching = false, " + engine
            servers[name] = start(stack, work, model, re.sub(r"\W+", "-", name), arguments, port, **options)
        compare.measure(servers, model, {name: PARALLEL_LOADS[name] for name in loads}, rounds)
    base = servers["one rank"].medians()
    for name, server in servers.items():
        figures = server.medians()
        print(f"{name}: " + ", ".join(f"{key} {value:.1f} ({value / base[key]:.2f})" for key, value in figures.items()), flush=True)


def rank_seconds(pid):
    """Returns the processor time of each rank's thread."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().split(" ")[0]
        if name.startswith("rank-"):
            fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
            seconds[name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def stages(work, model, *_):
    with contextlib.ExitStack() as stack:
        engine, options = LAYOUTS["PP 2"]
        server = start(stack, work, model, "stages", "enable-prefix-caching = false, " + engine, **options)
        for name, load_of in {"decode": (4, 4, 16, 256), "prefill": (4, 12, 1024, 1)}.items():
            before, started = rank_seconds(server.process.pid), time.perf_counter()
            server.load(model, *load_of)
            wall, after = time.perf_counter() - started, rank_seconds(server.process.pid)
            print(f"stages, {name}: " + ", ".join(f"{rank} computes {(after[rank] - before[rank]) / wall:.3f}" for rank in sorted(before)))


def memory(work, model, *_):
    with contextlib.ExitStack() as stack:
        server = start(stack, work, model, "memory", "kv-cache-memory = 1 GiB")
        for streams in (1, 16):
            server.load(model, streams, streams, 512, 32)
            maps = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
            parts = {key: int(value) / 1e6 for key, value in re.findall(r"(Pss_\w+|Rss): +(\d+)", maps)}
            print(f"memory after {streams} streams: " + ", ".join(f"{key} {value:.2f} GB" for key, value in parts.items()))


PARTS = {"cached": cached, "chunked": chunked, "parallel": parallel, "stages": stages, "memory": memory}


def main():
    compare.end_servers_with_this()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--parts", default=" ".join(PARTS))
    parser.add_argument("--loads", default=" ".join(PARALLEL_LOADS), help="of the part parallel")
    parser.add_argument("model", nargs="?", default="llama-1b-shape")
    arguments = parser.parse_args()
    print(compare.cpu_name())
    for part in arguments.parts.split():
        PARTS[part](arguments.work, arguments.model, arguments.rounds, arguments.loads.split())


if __name__ == "__main__":
    main()
