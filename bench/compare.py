"""Runs Phalanx and its peers in turn and prints the ratios.

All servers of one model and width are up; every load goes to one after the other, round by round,
so that what the machine does meanwhile meets all of them. Each has all cores, and none a prefix
cache. A figure is the median of the rounds; memory is the resident set of the server's whole process
tree after the loads; `start` is from the command to the first token. `roof` is the decode rate at
which the weights are read as fast as `membw` reads memory, which is measured in every round, too.
"""
import argparse
import contextlib
import dataclasses
import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

import load

HOME = Path(__file__).resolve().parent.parent
FIRST_PORT = 18200
LOADS = {  # name -> streams, requests, prompt, output, the figure that counts
    "decode": (1, 3, 128, 64, "decode"),
    "prefill": (1, 2, 1024, 1, "prefill"),
    "streams8": (8, 8, 128, 64, "output"),
    "streams16": (16, 16, 128, 64, "output"),
}
WIDTHS = {"16": ("BF16", 2.0), "8": ("Q8_0", 1.0)}  # bits -> GGUF type, bytes of a weight


ISA = os.environ.get("BENCH_ISA", "")  # the least processor to stand in for; empty: this one


def phalanx(work, model, bits, port, dtype="auto"):
    engine = f"max-model-len = 8192, max-num-seqs = 32, enable-prefix-caching = false, dtype = {dtype}"
    if bits == "8":
        engine += ", quantization = int8"
    conf = work / f"phalanx-{model}-{bits}-{dtype}.conf"
    conf.write_text(f"""
      phalanx.http.port = {port}
      phalanx.local-cluster {{ nodes = 1 }}
      phalanx.llm-configs = [{{
        model-loading-config {{ model-id = {model}, model-source = "{work}/models/{model}" }}
        engine-kwargs {{ {engine} }}
      }}]""")
    return [str(HOME / "bin/phalanx"), "serve", str(conf)], {"PHALANX_JAVA_OPTS": f"-Dphalanx.cpu-isa={ISA}"} if ISA else {}


def phalanx_bfloat16(work, model, bits, port):
    """What llama.cpp and vLLM do on such a CPU: activations are rounded to bfloat16."""
    return phalanx(work, model, bits, port, "bfloat16") if bits == "16" and not ISA else None


def llama(work, model, bits, port):
    gguf = work / "models" / f"{model}-{WIDTHS[bits][0]}.gguf"
    cores = str(os.cpu_count())
    build = f"llama-build-{ISA}" if ISA else "llama-build"
    return [str(work / build / "bin/llama-server"), "-m", str(gguf), "--host", "127.0.0.1", "--port", str(port),
            "-t", cores, "-tb", cores, "-np", "16", "-c", "8192", "--kv-unified", "--no-cache-prompt", "--cache-ram", "0"], {}


def vllm(work, model, bits, port):
    if bits == "8":
        return None
    cores = os.cpu_count()
    preload = work / "venv/lib/libiomp5.so"
    environment = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": str(cores), "HF_HUB_OFFLINE": "1",
                   "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_OMP_THREADS_BIND": f"0-{cores - 1}",
                   "LD_PRELOAD": str(preload) if preload.exists() else "",
                   "PATH": f"{work}/venv/bin:{os.environ['PATH']}"}
    return [str(work / "venv/bin/vllm"), "serve", str(work / "models" / model), "--served-model-name", model, "--host",
            "127.0.0.1", "--port", str(port), "--dtype", "bfloat16", "--max-model-len", "2048", "--max-num-seqs", "32",
            "--no-enable-prefix-caching", "--enforce-eager"], environment


SERVERS = {"phalanx": phalanx, "phalanx bfloat16": phalanx_bfloat16, "llama.cpp": llama, "vllm": vllm}


@contextlib.contextmanager
def running(command, environment, log):
    """Starts a server in a process group of its own and ends the whole group."""
    with open(log, "w") as output:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def url_of(port):
    return f"http://127.0.0.1:{port}"


def await_first_token(process, port, model, log, limit=240):
    """Returns the seconds until a request was answered."""
    started = time.perf_counter()
    body = json.dumps({"model": model, "prompt": [2000, 2001], "max_tokens": 1}).encode()
    while time.perf_counter() - started < limit:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}, see {log}")
        try:
            head = {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(url_of(port) + "/v1/completions", body, head), timeout=120).read()
            return time.perf_counter() - started
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no token after {limit} s, see {log}")


def resident(pid):
    root = psutil.Process(pid)
    return sum(process.memory_info().rss for process in [root, *root.children(recursive=True)]) / 1e9


@dataclasses.dataclass
class Server:
    """One that is up, and what was measured of it, round by round."""
    port: int
    process: subprocess.Popen
    figures: dict

    def load(self, model, streams, requests, prompt, output):
        return load.measure(url_of(self.port), model, streams, requests, prompt, output)

    def add(self, key, value):
        self.figures.setdefault(key, []).append(value)

    def medians(self):
        return {key: statistics.median(values) for key, values in self.figures.items()}


def start(stack, name, command, environment, port, model, log):
    """Starts a server, waits for its first token and lets it warm up; the stack ends it."""
    process = stack.enter_context(running(command, environment, log))
    server = Server(port, process, {"start": [await_first_token(process, port, model, log)]})
    server.load(model, 1, 1, 128, 8)
    print(f"{name}: up after {server.figures['start'][0]:.1f} s", file=sys.stderr, flush=True)
    return server


def start_all(stack, names, work, model, bits):
    """Starts those that serve this width, one after the other."""
    servers = {}
    for port, name in enumerate(names, FIRST_PORT):
        command = SERVERS[name](work, model, bits, port)
        if command is not None:
            servers[name] = start(stack, name, *command, port, model, work / f"server-{name}-{model}-{bits}.log")
    return servers


def measure(servers, model, loads, rounds, before=lambda key: None):
    """Every load goes to one server after the other, as often as there are rounds."""
    for key, (*load_of, wanted) in loads.items():
        for _ in range(rounds):
            before(key)
            for name, server in servers.items():
                server.add(key, server.load(model, *load_of)[wanted])
        line = ", ".join(f"{name} " + "/".join(f"{value:.1f}" for value in server.figures[key]) for name, server in servers.items())
        print(f"{key}: {line}", file=sys.stderr, flush=True)
    for server in servers.values():
        server.add("memory", resident(server.process.pid))


def bandwidth(work):
    """Returns in GB/s how fast memory is read now."""
    lines = subprocess.run([str(work / "membw")], check=True, capture_output=True, text=True).stdout.split("\n")
    return max(float(line.split()[1]) for line in lines if line)


def roof(work, model, bits, read):
    """Returns the decode rate that a bandwidth in GB/s allows."""
    weights = (work / "models" / model / "model.safetensors").stat().st_size * WIDTHS[bits][1] / 2
    return read * 1e9 / weights


def cpu_name():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    flags = next(line for line in open("/proc/cpuinfo") if line.startswith("flags"))
    features = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16") if f" {flag}" in flags]
    return f"{len(names)} cores of {names[0]} ({', '.join(features)})"


def table(model, bits, figures, read, limit):
    columns = [key for key in ("decode", "prefill", "streams8", "streams16", "start", "memory") if key in figures["phalanx"]]
    print(f"\n### {model}, {bits} bit\n\nmembw {read:.1f} GB/s, roof of decode {limit:.1f} tokens/s\n")
    print("| server | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for name, row in figures.items():
        print(f"| {name} | " + " | ".join(f"{row[key]:.1f}" for key in columns) + " |")
    for own in (name for name in figures if name.startswith("phalanx")):
        for peer in (name for name in figures if not name.startswith("phalanx")):
            print(f"| {own} / {peer} | " + " | ".join(f"{figures[own][key] / figures[peer][key]:.2f}" for key in columns) + " |")
        if "decode" in columns:
            print(f"| {own} / roof | {figures[own]['decode'] / limit:.2f} |" + " |" * (len(columns) - 1))


def end_servers_with_this():
    """Whoever ends this program ends the servers, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def main():
    end_servers_with_this()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--peers", default="llama.cpp vllm")
    parser.add_argument("--sets", default=" ".join(LOADS))
    parser.add_argument("--bits", default="16 8")
    parser.add_argument("models", nargs="*", default=["llama-1b-shape", "qwen3-0.6b-shape"])
    arguments = parser.parse_args()
    print(cpu_name() + (f", {ISA} only" if ISA else ""))
    results = {}
    for model in arguments.models:
        for bits in arguments.bits.split():
            reads = []
            loads = {key: LOADS[key] for key in arguments.sets.split()}
            with contextlib.ExitStack() as stack:
                names = ["phalanx", "phalanx bfloat16", *arguments.peers.split()]
                servers = start_all(stack, names, arguments.work, model, bits)
                measure(servers, model, loads, arguments.rounds,
                        lambda key: key == "decode" and reads.append(bandwidth(arguments.work)))
                figures = {name: server.medians() for name, server in servers.items()}
            read = statistics.median(reads or [bandwidth(arguments.work)])
            limit = roof(arguments.work, model, bits, read)
            table(model, bits, figures, read, limit)
            results[f"{model}/{bits}"] = {"membw": read, "roof": limit, **figures}
    (arguments.work / "results.json").write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
