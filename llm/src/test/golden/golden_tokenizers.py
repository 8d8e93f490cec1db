"""Small byte-level BPE tokenizers, trained here, and what the reference makes of the sample texts."""

import json
import re

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

from golden_texts import CHATS, CORPUS, TEXTS

LLAMA_SPECIALS = [
    "<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
    "<|eom_id|>", "<|eot_id|>", "<|pad|>",
]
QWEN_SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
QWEN_ORDINARY = ["<tool_call>", "</tool_call>", "<think>", "</think>"]
MISTRAL_SPECIALS = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]


def split_pattern(max_digits):
    """The usual cut into words, numbers, punctuation, line ends and blanks, as one pattern."""
    digits = r"\p{N}" if max_digits == 1 else r"\p{N}{1,%d}" % max_digits
    return "|".join([
        r"(?i:'(?:ll|re|ve|[dmst]))",
        r"[^\p{L}\p{N}\r\n]?\p{L}+",
        digits,
        r" ?[^\p{L}\p{N}\s]+[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ])


def byte_level(pattern):
    """Splits by the pattern, or by GPT-2's own when there is none, then maps bytes to letters."""
    if pattern is None:
        return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def train(spec):
    """A tokenizer with exactly spec["size"] entries, specials included."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=spec.get("ignore_merges", False)))
    tokenizer.pre_tokenizer = byte_level(spec["pattern"])
    tokenizer.decoder = decoders.ByteLevel()
    if spec.get("nfc"):
        tokenizer.normalizer = normalizers.NFC()
    specials, ordinary = spec["specials"], spec.get("ordinary", [])
    first = spec.get("specials_first", False)
    size = spec["size"] - (0 if first else len(specials)) - len(ordinary)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials if first else [],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([CORPUS], trainer)
    tokenizer.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in specials])
    tokenizer.add_tokens([AddedToken(s, normalized=False, special=False) for s in ordinary])
    if spec.get("adds_bos"):
        bos = spec["bos"]
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single=f"{bos} $A",
                pair=f"{bos} $A {bos}:1 $B:1",
                special_tokens=[(bos, tokenizer.token_to_id(bos))],
            ),
        ])
    else:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    assert tokenizer.get_vocab_size() == spec["size"], tokenizer.get_vocab_size()
    return tokenizer


def write(spec, template, directory):
    """Writes tokenizer.json, tokenizer_config.json and, where wanted, chat_template.jinja."""
    tokenizer = train(spec)
    tokenizer.save(str(directory / "tokenizer.json"))
    added = {
        str(tokenizer.token_to_id(s)): {
            "content": s, "lstrip": False, "normalized": False, "rstrip": False,
            "single_word": False, "special": s in spec["specials"],
        }
        for s in spec["specials"] + spec.get("ordinary", [])
    }
    config = {
        "add_bos_token": spec.get("adds_bos", False),
        "added_tokens_decoder": added,
        "bos_token": spec["bos"],
        "clean_up_tokenization_spaces": False,
        "eos_token": spec["eos"],
        "model_max_length": spec["max_length"],
        "pad_token": spec.get("pad"),
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    if spec.get("template_file"):
        (directory / "chat_template.jinja").write_text(template, encoding="utf-8")
    else:
        config["chat_template"] = template
    text = json.dumps(config, indent=2, ensure_ascii=False)
    (directory / "tokenizer_config.json").write_text(text + "\n", encoding="utf-8")
    return tokenizer


def as_text(directory):
    """The same tokenizer, to which special tokens in a text are only text."""
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer


def text_goldens(spec, directory):
    recognising, plain = Tokenizer.from_file(str(directory / "tokenizer.json")), as_text(directory)
    reference = AutoTokenizer.from_pretrained(directory)
    goldens = []
    for text in TEXTS:
        text = text.replace("{special}", spec["eos"])
        ids = recognising.encode(text, add_special_tokens=False).ids
        assert ids == reference(text, add_special_tokens=False).input_ids, text
        golden = {"text": text, "ids": ids, "decoded": recognising.decode(ids)}
        ordinary = plain.encode(text, add_special_tokens=False).ids
        if ordinary != ids:
            golden["idsAsText"] = ordinary
        added = recognising.encode(text, add_special_tokens=True).ids
        if added != ids:
            golden["idsWithAdded"] = added
        goldens.append(golden)
    return goldens


def encode_chat(messages, render, spec, directory):
    """Ids of a rendered chat in which only the template's own special tokens are special.

    The chat is rendered a second time with every special token in a message blotted out by letters of
    the same length: where the second text shows a special token, the template wrote it.
    """
    pattern = re.compile("|".join(re.escape(s) for s in spec["specials"]))
    blotted = [
        {**m, "content": pattern.sub(lambda x: "\ue000" * len(x.group()), m["content"])}
        for m in messages
    ]
    rendered, shown = render(messages), render(blotted)
    assert len(rendered) == len(shown)
    plain = as_text(directory)
    ids, end = [], 0
    for match in pattern.finditer(shown):
        ids += plain.encode(rendered[end:match.start()], add_special_tokens=False).ids
        ids.append(plain.token_to_id(match.group()))
        end = match.end()
    return rendered, ids + plain.encode(rendered[end:], add_special_tokens=False).ids


def chat_goldens(spec, directory):
    tokenizer = AutoTokenizer.from_pretrained(directory)
    goldens = []
    for name, chat in CHATS.items():
        messages = [{**m, "content": m["content"].replace("{special}", spec["eos"])} for m in chat]
        for variables in spec.get("variables", [{}]):
            def render(x):
                return tokenizer.apply_chat_template(
                    x, tokenize=False, add_generation_prompt=True, **variables)

            rendered, ids = encode_chat(messages, render, spec, directory)
            if "special" not in name:
                assert ids == tokenizer(rendered, add_special_tokens=False).input_ids, name
            goldens.append({
                "name": name, "messages": messages, "variables": variables,
                "rendered": rendered, "tokenIds": ids,
            })
    return goldens


def write_goldens(spec, directory):
    goldens = {"texts": text_goldens(spec, directory), "chats": chat_goldens(spec, directory)}
    lines = []
    for key, entries in goldens.items():
        rows = ",\n".join("  " + json.dumps(e, ensure_ascii=True) for e in entries)
        lines.append(f'"{key}": [\n{rows}\n]')
    path = directory / "tokenizer-golden.json"
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
