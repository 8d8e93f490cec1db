"""OpenAI's own Python client against a running Phalanx server, PHALANX_BASE_URL.

Nothing here depends on what the model says; only on how the server says it.
"""

import asyncio
import contextlib
import json
import os
import time
import urllib.error
import urllib.request

import openai
import pytest

BASE_URL = os.environ["PHALANX_BASE_URL"].rstrip("/")
OPTIONS = dict(base_url=f"{BASE_URL}/v1", api_key="unused", max_retries=0, timeout=300)
# ordinary tokens of any byte-level vocabulary with a few hundred entries
TOKEN_IDS = list(range(300, 340))
QUESTION = [{"role": "user", "content": "What is a placement group?"}]
GREEDY = dict(temperature=0, extra_body={"ignore_eos": True})


@pytest.fixture(scope="module")
def client():
    with openai.OpenAI(**OPTIONS) as open_client:
        yield open_client


@pytest.fixture(scope="module")
def model(client):
    return client.models.list().data[0].id


@pytest.fixture(scope="module")
def context_length(client, model):
    """How many tokens a prompt and its answer may have together."""
    return client.models.retrieve(model).max_model_len


# ---- models ----


def test_models_list_names_each_model(client):
    page = client.models.list()
    assert page.object == "list"
    assert page.data
    for card in page.data:
        assert card.object == "model"
        assert card.id and card.owned_by
        assert 0 < card.created <= time.time() + 60


def test_models_retrieve_gives_the_listed_card(client, model):
    assert client.models.retrieve(model) == client.models.list().data[0]


def test_models_retrieve_unknown_raises_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("no-such-model")
    assert "no-such-model" in caught.value.message


# ---- chat ----


def test_chat_answers_with_one_message(client, model):
    answer = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=12, **GREEDY)
    assert answer.object == "chat.completion"
    assert answer.model == model
    assert answer.id
    [choice] = answer.choices
    assert choice.index == 0
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason == "length"
    assert answer.usage.completion_tokens == 12
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 12


def test_chat_takes_max_completion_tokens(client, model):
    answer = client.chat.completions.create(
        model=model, messages=QUESTION, max_completion_tokens=3, **GREEDY)
    assert answer.usage.completion_tokens == 3


def test_chat_takes_a_conversation_and_content_in_parts(client, model):
    messages = [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello!"}]},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "{{ 7 * 7 }} {% for %}"},
    ]
    answer = client.chat.completions.create(model=model, messages=messages, max_tokens=4, **GREEDY)
    assert answer.usage.completion_tokens == 4


def test_chat_streamed_says_what_it_says_unstreamed(client, model):
    whole = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=16, **GREEDY)
    chunks = list(client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=16, stream=True, **GREEDY))
    assert {c.object for c in chunks} == {"chat.completion.chunk"}
    assert len({c.id for c in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks)
    assert text == whole.choices[0].message.content
    finishes = [c.choices[0].finish_reason for c in chunks]
    assert finishes[-1] == "length"
    assert set(finishes[:-1]) == {None}


def test_chat_streamed_comes_piece_by_piece(client, model):
    chunks = list(client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=32, stream=True, **GREEDY))
    assert sum(bool(c.choices[0].delta.content) for c in chunks) > 4


# ---- completions ----


@pytest.mark.parametrize("prompt", ["A placement group", TOKEN_IDS], ids=["text", "token-ids"])
def test_completion_answers_with_one_text(client, model, prompt):
    answer = client.completions.create(model=model, prompt=prompt, max_tokens=12, **GREEDY)
    assert answer.object == "text_completion"
    assert answer.model == model
    [choice] = answer.choices
    assert choice.index == 0
    assert choice.finish_reason == "length"
    assert answer.usage.completion_tokens == 12


@pytest.mark.parametrize("prompt", ["A placement group", TOKEN_IDS], ids=["text", "token-ids"])
def test_completion_streamed_says_what_it_says_unstreamed(client, model, prompt):
    whole = client.completions.create(model=model, prompt=prompt, max_tokens=16, **GREEDY)
    chunks = list(client.completions.create(
        model=model, prompt=prompt, max_tokens=16, stream=True, **GREEDY))
    assert "".join(c.choices[0].text for c in chunks) == whole.choices[0].text
    assert [c.choices[0].finish_reason for c in chunks][-1] == "length"
    assert {c.object for c in chunks} == {"text_completion"}


def test_completion_counts_token_ids_exactly(client, model):
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, max_tokens=1, **GREEDY)
    assert answer.usage.prompt_tokens == len(TOKEN_IDS)
    assert answer.usage.total_tokens == len(TOKEN_IDS) + 1


def test_completion_without_max_tokens_gives_sixteen(client, model):
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, **GREEDY)
    assert answer.usage.completion_tokens == 16


def test_completion_of_several_prompts_answers_each(client, model):
    prompts = [TOKEN_IDS[:5], TOKEN_IDS[:9]]
    answer = client.completions.create(model=model, prompt=prompts, max_tokens=4, **GREEDY)
    assert [c.index for c in answer.choices] == [0, 1]
    assert answer.usage.prompt_tokens == 14
    assert answer.usage.completion_tokens == 8


# ---- usage in streams ----


def test_include_usage_adds_a_last_chunk_without_choices(client, model):
    chunks = list(client.chat.completions.create(
        model=model, messages=QUESTION, max_tokens=5, stream=True,
        stream_options={"include_usage": True}, **GREEDY))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == 5
    assert chunks[-1].usage.total_tokens == chunks[-1].usage.prompt_tokens + 5
    assert all(c.usage is None for c in chunks[:-1])


def test_stream_has_no_usage_unless_asked(client, model):
    chunks = list(client.completions.create(
        model=model, prompt=TOKEN_IDS, max_tokens=5, stream=True, **GREEDY))
    assert all(getattr(c, "usage", None) is None for c in chunks)
    assert all(c.choices for c in chunks)


# ---- what ends a text ----


def stop_within(text):
    """Three characters from the middle of a text, such as a stop string may be."""
    for start in range(len(text) // 3, len(text) - 3):
        piece = text[start : start + 3]
        if "\ufffd" not in piece:
            return piece
    raise AssertionError(f"no three whole characters in {text!r}")


def test_stop_string_ends_the_text_before_itself(client, model):
    asked = dict(model=model, messages=QUESTION, max_tokens=32, **GREEDY)
    text = client.chat.completions.create(**asked).choices[0].message.content
    stop = stop_within(text)
    [choice] = client.chat.completions.create(stop=stop, **asked).choices
    assert choice.finish_reason == "stop"
    assert choice.message.content == text[: text.index(stop)]


def test_stop_string_never_shows_in_a_stream(client, model):
    asked = dict(model=model, messages=QUESTION, max_tokens=32, **GREEDY)
    text = client.chat.completions.create(**asked).choices[0].message.content
    stop = stop_within(text)
    chunks = list(client.chat.completions.create(stop=["\x00\x00", stop], stream=True, **asked))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == text[: text.index(stop)]
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_stream_manager_collects_the_answer(client, model):
    asked = dict(model=model, messages=QUESTION, max_tokens=32, **GREEDY)
    text = client.chat.completions.create(**asked).choices[0].message.content
    stop = stop_within(text)
    with client.chat.completions.stream(stop=stop, **asked) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == text[: text.index(stop)]


def test_stream_manager_raises_its_own_error_at_the_length_limit(client, model):
    with client.chat.completions.stream(
            model=model, messages=QUESTION, max_tokens=8, **GREEDY) as stream:
        with pytest.raises(openai.LengthFinishReasonError) as caught:
            stream.get_final_completion()
    assert caught.value.completion.choices[0].message.content


@pytest.mark.parametrize("tokens", [1, 2, 33])
def test_max_tokens_is_kept_to(client, model, tokens):
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, max_tokens=tokens, **GREEDY)
    assert answer.usage.completion_tokens == tokens


# ---- sampling ----


def sampled(client, model, seed):
    answer = client.completions.create(
        model=model, prompt=TOKEN_IDS, max_tokens=24, temperature=1.5, seed=seed,
        extra_body={"ignore_eos": True})
    return answer.choices[0].text


def test_same_seed_gives_the_same_text(client, model):
    assert sampled(client, model, 42) == sampled(client, model, 42)


def test_other_seeds_give_other_texts(client, model):
    assert len({sampled(client, model, seed) for seed in range(6)}) > 1


def test_sampling_parameters_are_taken(client, model):
    answer = client.completions.create(
        model=model, prompt=TOKEN_IDS, max_tokens=4, temperature=0.8, top_p=0.9, seed=1,
        extra_body={"top_k": 20, "min_p": 0.05, "ignore_eos": True})
    assert answer.usage.completion_tokens == 4


# ---- errors ----


def test_unknown_model_raises_not_found(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=QUESTION)
    assert "no-such-model" in caught.value.message
    assert caught.value.param == "model"
    assert caught.value.code == "model_not_found"


BAD_CHATS = {
    "temperature-below": (dict(temperature=-0.5), "temperature"),
    "temperature-above": (dict(temperature=100), "temperature"),
    "temperature-of-wrong-type": (dict(extra_body={"temperature": "hot"}), "temperature"),
    "top-p-above": (dict(top_p=1.5), "top_p"),
    "top-k-of-wrong-type": (dict(extra_body={"top_k": 1.5}), "top_k"),
    "max-tokens-negative": (dict(max_tokens=-1), "max_tokens"),
    "max-tokens-of-wrong-type": (dict(extra_body={"max_tokens": "many"}), "max_tokens"),
    "messages-empty": (dict(messages=[]), "messages"),
    "messages-of-wrong-type": (dict(extra_body={"messages": "hello"}), "messages"),
    "stream-of-wrong-type": (dict(extra_body={"stream": "yes"}), "stream"),
    "stop-of-wrong-type": (dict(extra_body={"stop": 7}), "stop"),
    "seed-of-wrong-type": (dict(extra_body={"seed": "x"}), "seed"),
}


@pytest.mark.parametrize("name", BAD_CHATS)
def test_bad_chat_raises_bad_request_with_param(client, model, name):
    changes, param = BAD_CHATS[name]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": model, "messages": QUESTION, **changes})
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"
    assert param in caught.value.message


def test_bad_message_raises_bad_request_that_names_it(client, model):
    messages = [*QUESTION, {"role": "nobody", "content": "x"}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=messages)
    assert caught.value.param.startswith("messages")


@pytest.mark.parametrize("prompt", [{"a": 1}, 7, [1, "two"], [-1], [10**9], []], ids=str)
def test_bad_prompt_raises_bad_request_with_param(client, model, prompt):
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=model, prompt=prompt)
    assert caught.value.param.startswith("prompt")


def test_too_long_prompt_raises_bad_request_with_param(client, model, context_length):
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(model=model, prompt=[300] * (context_length + 1), max_tokens=1)
    assert caught.value.param == "prompt"
    assert caught.value.code == "context_length_exceeded"
    assert str(context_length) in caught.value.message


def test_too_long_chat_raises_bad_request_with_param(client, model, context_length):
    messages = [{"role": "user", "content": "0 " * (context_length + 1)}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=messages)
    assert caught.value.param == "messages"
    assert caught.value.code == "context_length_exceeded"


def test_bad_request_for_a_stream_raises_before_the_stream(client, model):
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model=model, messages=QUESTION, temperature=-1, stream=True)


def raw(method, path, body=None, content_type="application/json"):
    """Status, content type and body of a request that the client would not send."""
    request = urllib.request.Request(BASE_URL + path, data=body, method=method)
    request.add_header("Content-Type", content_type)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers.get_content_type(), answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get_content_type(), e.read()


RAW_ERRORS = {
    "malformed-json": ("POST", "/v1/chat/completions", b'{"model": ', 400),
    "body-not-an-object": ("POST", "/v1/completions", b"[1]", 400),
    "empty-body": ("POST", "/v1/completions", b"", 400),
    "unknown-path": ("GET", "/v1/nothing", None, 404),
    "wrong-method": ("GET", "/v1/chat/completions", None, 405),
}


@pytest.mark.parametrize("name", RAW_ERRORS)
def test_errors_of_every_layer_have_openai_shape(name):
    method, path, body, status = RAW_ERRORS[name]
    got, content_type, text = raw(method, path, body)
    assert got == status
    assert content_type == "application/json"
    error = json.loads(text)["error"]
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    assert {"param", "code"} <= error.keys()


# ---- many at once, and clients that leave ----


def test_eight_streams_at_once_all_finish(model):
    async def one(client, index):
        prompt = TOKEN_IDS[: 5 * (index + 1)]
        usage, finish = None, None
        stream = await client.completions.create(
            model=model, prompt=prompt, max_tokens=24, stream=True,
            stream_options={"include_usage": True}, **GREEDY)
        async for chunk in stream:
            usage = chunk.usage or usage
            if chunk.choices:
                finish = chunk.choices[0].finish_reason or finish
        return usage.prompt_tokens, usage.completion_tokens, finish

    async def all_of_them():
        async with openai.AsyncOpenAI(**OPTIONS) as client:
            return await asyncio.gather(*[one(client, i) for i in range(8)])

    results = asyncio.run(all_of_them())
    assert results == [(5 * (i + 1), 24, "length") for i in range(8)]


def running_requests():
    """The sum of the gauge of running requests over replicas."""
    _, _, text = raw("GET", "/metrics")
    prefix = "phalanx:num_requests_running"
    lines = [line for line in text.decode().splitlines() if line.startswith(prefix)]
    assert lines, f"/metrics has no {prefix}"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def wait_until_nothing_runs():
    deadline = time.monotonic() + 30
    while running_requests() > 0:
        assert time.monotonic() < deadline, "requests of clients that left still run"
        time.sleep(0.2)


def room_for_answer(context_length):
    return context_length - len(TOKEN_IDS)


def test_client_that_leaves_a_stream_frees_its_place(client, model, context_length):
    stream = client.completions.create(
        model=model, prompt=TOKEN_IDS, max_tokens=room_for_answer(context_length), stream=True,
        **GREEDY)
    for _ in range(3):
        next(stream)
    stream.close()
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, max_tokens=4, **GREEDY)
    assert answer.usage.completion_tokens == 4
    wait_until_nothing_runs()


def test_client_that_gives_up_waiting_frees_its_place(client, model, context_length):
    impatient = client.with_options(timeout=0.3)
    with contextlib.suppress(openai.APITimeoutError):
        impatient.completions.create(
            model=model, prompt=TOKEN_IDS, max_tokens=room_for_answer(context_length), **GREEDY)
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, max_tokens=4, **GREEDY)
    assert answer.usage.completion_tokens == 4
    wait_until_nothing_runs()


def test_streams_that_are_left_all_at_once_do_no_harm(client, model, context_length):
    async def leave(other):
        stream = await other.completions.create(
            model=model, prompt=TOKEN_IDS, max_tokens=room_for_answer(context_length),
            stream=True, **GREEDY)
        await anext(aiter(stream))
        await stream.close()

    async def all_of_them():
        async with openai.AsyncOpenAI(**OPTIONS) as other:
            await asyncio.gather(*[leave(other) for _ in range(8)])

    asyncio.run(all_of_them())
    answer = client.completions.create(model=model, prompt=TOKEN_IDS, max_tokens=4, **GREEDY)
    assert answer.usage.completion_tokens == 4
    wait_until_nothing_runs()
