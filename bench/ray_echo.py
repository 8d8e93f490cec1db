"""Ray Serve with a model that computes nothing: one replica that answers at once.

POST /v1/completions answers `max_tokens` pieces in OpenAI's form, whole or as server-sent events; GET /health a small
object. Prints READY once it serves, and stays until its standard input ends.
"""
import argparse
import json
import sys

import ray
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from ray import serve

app = FastAPI()


def piece(text, finish_reason):
    choice = {"index": 0, "text": text, "finish_reason": finish_reason}
    return {"id": "cmpl-1", "object": "text_completion", "created": 0, "model": "stand-in", "choices": [choice]}


async def events(count):
    for position in range(count):
        yield f"data: {json.dumps(piece(' piece', 'length' if position == count - 1 else None))}\n\n"
    yield "data: [DONE]\n\n"


@serve.deployment(num_replicas=1, max_ongoing_requests=1024, ray_actor_options={"num_cpus": 0})
@serve.ingress(app)
class Echo:
    @app.get("/health")
    async def health(self):
        return {"status": "ok"}

    @app.post("/v1/completions")
    async def completions(self, request: Request):
        body = await request.json()
        count = body["max_tokens"]
        if body.get("stream"):
            return StreamingResponse(events(count), media_type="text/event-stream")
        return piece(" piece" * count, "length")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    ray.init(include_dashboard=False, log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": arguments.port})
    serve.run(Echo.bind(), name="stand-in", route_prefix="/")
    print("READY", flush=True)
    sys.stdin.read()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
