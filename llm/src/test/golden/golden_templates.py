"""Chat templates with message lists and what the reference environment renders of them."""

import datetime
import json
import pathlib

import jinja2
from transformers.utils.chat_template_utils import _compile_jinja_template

HERE = pathlib.Path(__file__).resolve().parent / "templates"

SYSTEM = {"role": "system", "content": " You are brief. \n"}
HELLO = {"role": "user", "content": "  Hello, world!\n"}
REPLY = {"role": "assistant", "content": "\n Hello. "}
MORE = {"role": "user", "content": "Gr\u00fc\u00dfe \U0001f680 <b>&amp;</b> \"quoted\" 'single'"}
HOSTILE = {
    "role": "user",
    "content": "{{ 7*7 }} {% for m in messages %}{{ m }}{% endfor %} {# x #} {{ messages.__class__ }}\n"
    "{%- raw %} }} %} {{ raise_exception('no') }} ${7*7} #{7*7} \\n \\u0041 {{",
}
HOSTILE_SYSTEM = {"role": "system", "content": "{{ bos_token }}{% set ns = 1 %}"}
HOSTILE_REPLY = {"role": "assistant", "content": "{% endfor %}{{ 'x' }}"}
THOUGHT = {"role": "assistant", "content": "<think>\nhm, 2 + 2\n</think>\n\nFour."}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells <the> weather & \"more\" in K\u00f6ln",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}},
            "required": ["city"],
        },
    },
}
CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {"type": "function", "function": {"name": "weather", "arguments": {"city": "K\u00f6ln", "days": 2}}}
    ],
}
RESULT = {"role": "tool", "content": "{\"sky\": \"grey\"}"}
GO = {"add_generation_prompt": True}
LLAMA = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", **GO}
QWEN = {"bos_token": None, "eos_token": "<|im_end|>", **GO}
MISTRAL = {"bos_token": "<s>", "eos_token": "</s>", **GO}
GEMMA = {"bos_token": "<bos>", "eos_token": "<eos>", **GO}
PARTS = [{"type": "text", "text": " Look: "}, {"type": "image"}, {"type": "text", "text": "what is it?"}]
ODD = {"role": "critic", "content": "Hm."}

TOPICS = ["loops", "maps", "operators", "strings", "tests", "filters", "blocks", "rare"]
SYNTAX = {"settings": {"b": 2, "a": "x", "c": None, "d": [1, {"e": False}]}, **GO}
SYNTAX_MESSAGES = [SYSTEM, HELLO, {**REPLY, "skip": True}, MORE, REPLY, HELLO]

# (name of the case, template, messages, variables, time that strftime_now tells)
CASES = [
    ("llama3-one-user", "llama3", [HELLO], LLAMA, None),
    ("llama3-no-generation-prompt", "llama3", [HELLO, REPLY], {**LLAMA, "add_generation_prompt": False}, None),
    ("llama3-several-turns", "llama3", [SYSTEM, HELLO, REPLY, MORE], LLAMA, None),
    ("llama3-date-given", "llama3", [SYSTEM, HELLO], {**LLAMA, "date_string": "29 Feb 2024"}, None),
    ("llama3-date-of-clock", "llama3", [HELLO], {**LLAMA, "use_clock": True}, "2026-03-04T05:06:07"),
    ("llama3-tools-none", "llama3", [SYSTEM, HELLO], {**LLAMA, "tools": None}, None),
    ("llama3-tools", "llama3", [SYSTEM, HELLO, CALL, RESULT], {**LLAMA, "tools": [WEATHER]}, None),
    ("llama3-hostile-content", "llama3", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], LLAMA, None),
    ("llama3-unknown-role", "llama3", [HELLO, ODD], LLAMA, None),
    ("headers-several-turns", "headers", [SYSTEM, HELLO, REPLY, MORE], LLAMA, None),
    ("headers-hostile-content", "headers", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], LLAMA, None),
    ("chatml-one-user", "chatml", [HELLO], QWEN, None),
    ("chatml-several-turns", "chatml", [SYSTEM, HELLO, REPLY, MORE], QWEN, None),
    ("chatml-hostile-content", "chatml", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], QWEN, None),
    ("qwen3-one-user", "qwen3", [HELLO], QWEN, None),
    ("qwen3-several-turns", "qwen3", [SYSTEM, HELLO, REPLY, MORE], QWEN, None),
    ("qwen3-thinking-off", "qwen3", [SYSTEM, HELLO], {**QWEN, "enable_thinking": False}, None),
    ("qwen3-thinking-on", "qwen3", [SYSTEM, HELLO], {**QWEN, "enable_thinking": True}, None),
    ("qwen3-old-thought-dropped", "qwen3", [HELLO, THOUGHT, MORE], QWEN, None),
    ("qwen3-last-thought-kept", "qwen3", [HELLO, THOUGHT], {**QWEN, "add_generation_prompt": False}, None),
    ("qwen3-tools", "qwen3", [SYSTEM, HELLO, CALL, RESULT, RESULT], {**QWEN, "tools": [WEATHER]}, None),
    ("qwen3-hostile-content", "qwen3", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], QWEN, None),
    ("mistral-one-user", "mistral", [HELLO], MISTRAL, None),
    ("mistral-several-turns", "mistral", [SYSTEM, HELLO, REPLY, MORE], MISTRAL, None),
    ("mistral-two-users-in-a-row", "mistral", [HELLO, MORE], MISTRAL, None),
    ("mistral-unknown-role", "mistral", [HELLO, ODD], MISTRAL, None),
    ("mistral-hostile-content", "mistral", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], MISTRAL, None),
    ("mistral-old-several-turns", "mistral-old", [HELLO, REPLY, MORE], MISTRAL, None),
    ("mistral-old-out-of-order", "mistral-old", [HELLO, REPLY, REPLY], MISTRAL, None),
    ("gemma-one-user", "gemma", [HELLO], GEMMA, None),
    ("gemma-several-turns", "gemma", [SYSTEM, HELLO, REPLY, MORE], GEMMA, None),
    ("gemma-content-in-parts", "gemma", [{"role": "user", "content": PARTS}], GEMMA, None),
    ("gemma-out-of-order", "gemma", [HELLO, MORE], GEMMA, None),
    ("gemma-hostile-content", "gemma", [HOSTILE_SYSTEM, HOSTILE, HOSTILE_REPLY, HOSTILE], GEMMA, None),
    *[(f"syntax-{topic}", f"syntax-{topic}", SYNTAX_MESSAGES, SYNTAX, None) for topic in TOPICS],
    ("syntax-loops-no-messages", "syntax-loops", [], SYNTAX, None),
]


def source(name):
    return (HERE / f"{name}.jinja").read_text(encoding="utf-8")


def rendered(template, messages, variables, now):
    """What the reference renders, under `expected`, or what it raises, under `expectedError`."""
    names = dict(variables, messages=messages)
    if now:
        names["strftime_now"] = datetime.datetime.fromisoformat(now).strftime
    try:
        return {"expected": _compile_jinja_template(template).render(**names)}
    except jinja2.exceptions.TemplateError as e:
        return {"expectedError": str(e)}


def write(directory):
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.glob("*.json"):
        old.unlink()
    for name, template, messages, variables, now in CASES:
        text = source(template)
        case = {"template": text, "messages": messages, "variables": variables}
        if now:
            case["now"] = now
        case.update(rendered(text, messages, variables, now))
        json_text = json.dumps(case, indent=2, ensure_ascii=False)
        (directory / f"{name}.json").write_text(json_text + "\n", encoding="utf-8")
