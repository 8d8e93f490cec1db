"""Eight streams at once until sixteen are done; every one must give exactly what was asked for.

PHALANX_BASE_URL=http://127.0.0.1:8000 load_check.py
"""

import asyncio
import json
import os
import random
import sys
import time

import aiohttp

STREAMS = 8
REQUESTS = 16
PROMPT_TOKENS = 48
MAX_TOKENS = 32
# ordinary tokens of any byte-level vocabulary with a few hundred entries
TOKEN_IDS = range(20, 370)
TIMEOUT_SECONDS = 300


async def stream(session, url, model, prompt):
    """One request; returns (seconds to the first token, tokens), or fails."""
    body = {
        "model": model, "prompt": prompt, "max_tokens": MAX_TOKENS, "temperature": 0,
        "ignore_eos": True, "stream": True, "stream_options": {"include_usage": True},
    }
    started = time.perf_counter()
    first, usage, finish, done = None, None, None, False
    async with session.post(f"{url}/v1/completions", json=body) as answer:
        assert answer.status == 200, f"HTTP {answer.status}: {await answer.text()}"
        assert answer.content_type == "text/event-stream", answer.content_type
        async for line in answer.content:
            if not line.startswith(b"data:"):
                continue
            data = line[len(b"data:") :].strip()
            assert not done, f"after [DONE] came {data!r}"
            if data == b"[DONE]":
                done = True
                continue
            chunk = json.loads(data)
            assert "error" not in chunk, chunk
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                first = first or time.perf_counter() - started
                finish = choice.get("finish_reason") or finish
    assert done, "the stream ended without [DONE]"
    assert finish == "length", f"finish_reason is {finish}"
    assert usage, "the stream had no usage"
    assert usage["prompt_tokens"] == len(prompt), usage
    assert usage["completion_tokens"] == MAX_TOKENS, usage
    return first, usage["completion_tokens"]


async def main(url):
    randomness = random.Random(7)
    prompts = iter([randomness.choices(TOKEN_IDS, k=PROMPT_TOKENS) for _ in range(REQUESTS)])
    results = []
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        async with session.get(f"{url}/v1/models") as answer:
            model = (await answer.json())["data"][0]["id"]

        async def client():
            for prompt in prompts:
                results.append(await stream(session, url, model, prompt))

        started = time.perf_counter()
        await asyncio.gather(*[client() for _ in range(STREAMS)])
        seconds = time.perf_counter() - started
    assert len(results) == REQUESTS, results
    tokens = sum(n for _, n in results)
    slowest = max(first for first, _ in results)
    print(f"{len(results)} streams, {tokens} tokens in {seconds:.2f} s "
          f"({tokens / seconds:.1f} tokens/s), slowest first token {slowest * 1e3:.0f} ms")


if __name__ == "__main__":
    try:
        asyncio.run(main(os.environ["PHALANX_BASE_URL"].rstrip("/")))
    except AssertionError as e:
        sys.exit(f"load check: {e}")
