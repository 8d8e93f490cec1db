"""A closed-loop load on the /v1/completions route of any OpenAI-compatible server.

Prompts are token ids drawn from a seed, so their length is exact and no cache helps by accident.
Every request is greedy, ignores the end-of-sequence token and streams; a token counts when its
event arrives.

    python load.py http://127.0.0.1:8000 MODEL --streams 8 --requests 16 --prompt 128 --output 64
"""
import argparse
import asyncio
import json
import random
import statistics
import time

import aiohttp

LOWEST_ID, HIGHEST_ID = 1000, 100_000  # ordinary tokens in the vocabularies of Llama and Qwen


def prompts(count, length, seed, shared=0):
    """Returns `count` prompts of `length` ids whose first `shared` ids are the same."""
    generator = random.Random(seed)
    head = [generator.randrange(LOWEST_ID, HIGHEST_ID) for _ in range(shared)]
    return [head + [generator.randrange(LOWEST_ID, HIGHEST_ID) for _ in range(length - shared)] for _ in range(count)]


async def request(session, url, model, prompt, output, arrivals=None):
    """Sends one request; returns when it was sent and when each of its tokens came, in seconds.

    Who passes `arrivals` can look at these meanwhile.
    """
    body = {"model": model, "prompt": prompt, "max_tokens": output, "temperature": 0, "ignore_eos": True, "stream": True}
    sent, arrivals = time.perf_counter(), [] if arrivals is None else arrivals
    async with session.post(url + "/v1/completions", json=body) as response:
        if response.status != 200:
            raise RuntimeError(f"HTTP {response.status}: {(await response.text())[:300]}")
        async for line in response.content:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(str(event["error"])[:300])
            choice = (event.get("choices") or [{}])[0]
            if choice.get("text") or not choice.get("finish_reason"):
                arrivals.append(time.perf_counter())
    if not arrivals:
        raise RuntimeError("the answer had no token")
    return sent, arrivals


async def closed_loop(url, model, streams, todo, output):
    """Runs `todo` prompts with `streams` at a time; returns what `request` gave for each."""
    queue, results = iter(todo), []

    async def stream(session):
        for prompt in queue:
            results.append(await request(session, url, model, prompt, output))

    timeout = aiohttp.ClientTimeout(total=900)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        await asyncio.gather(*(stream(session) for _ in range(streams)))
    return results


def summary(results, prompt, output):
    """Rates in tokens per second, times in milliseconds."""
    wall = max(arrivals[-1] for _, arrivals in results) - min(sent for sent, _ in results)
    first = [arrivals[0] - sent for sent, arrivals in results]
    gaps = [b - a for _, arrivals in results for a, b in zip(arrivals, arrivals[1:])]
    decode = [(output - 1) / (arrivals[-1] - arrivals[0]) for _, arrivals in results if len(arrivals) > 1]
    return {
        "output": len(results) * output / wall,
        "prompts": len(results) * prompt / wall,
        "decode": statistics.median(decode) if decode else None,
        "prefill": statistics.median(prompt / seconds for seconds in first),
        "ttft": statistics.median(first) * 1e3,
        "itl": statistics.median(gaps) * 1e3 if gaps else None,
    }


def measure(url, model, streams, requests, prompt, output, seed=7):
    """Runs a closed loop and returns its summary."""
    todo = prompts(requests, prompt, seed)
    return summary(asyncio.run(closed_loop(url, model, streams, todo, output)), prompt, output)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("model")
    for name, default in (("streams", 1), ("requests", 3), ("prompt", 128), ("output", 64), ("seed", 7)):
        parser.add_argument("--" + name, type=int, default=default)
    arguments = vars(parser.parse_args())
    print(json.dumps({key: value and round(value, 2) for key, value in measure(**arguments).items()}))


if __name__ == "__main__":
    main()
