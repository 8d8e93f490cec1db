#!/usr/bin/env python3
"""Makes the small models of the tests and their reference outputs; see README.md beside it.

make_golden.py [name of a model | templates]...     without names: everything
"""

import json
import pathlib
import sys
import zlib

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

import golden_models
import golden_search
import golden_templates
import golden_tokenizers

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "resources"
SMALLEST_NORMAL_F16 = 2.0**-14
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


def exact_in_16_bits(values):
    """Rounds to bfloat16 and flushes what float16 holds only as a subnormal: exact in both."""
    rounded = torch.from_numpy(values.astype(np.float32)).to(torch.bfloat16).to(torch.float32)
    rounded[rounded.abs() < SMALLEST_NORMAL_F16] = 0.0
    assert torch.equal(rounded, rounded.to(torch.float16).to(torch.float32))
    return rounded


def draw(seed, name, shape):
    """One weight; its numbers depend on its own name only. Norms lie around 1, all else around 0."""
    values = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape)
    return exact_in_16_bits(1.0 + 0.25 * values if "norm" in name else 0.2 * values)


def weights(model):
    config = transformers.AutoConfig.for_model(**model.config)
    with torch.device("meta"):
        empty = transformers.AutoModelForCausalLM.from_config(config)
    names = {n: tuple(p.shape) for n, p in empty.named_parameters()}
    return {n: draw(model.seed, n, s) for n, s in sorted(names.items())}


def write_weights(model, tensors, directory):
    tensors = {n: t.to(DTYPES[model.dtype]).contiguous() for n, t in tensors.items()}
    if model.shards == 1:
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return
    names, weight_map = sorted(tensors), {}
    for shard in range(model.shards):  # by name in turn, so that no shard holds a whole layer
        file = f"model-{shard + 1:05d}-of-{model.shards:05d}.safetensors"
        part = names[shard :: model.shards]
        save_file({n: tensors[n] for n in part}, directory / file, metadata={"format": "pt"})
        weight_map.update({n: file for n in part})
    size = sum(t.numel() * t.element_size() for t in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(weight_map.items()))}
    write_json(directory / "model.safetensors.index.json", index)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load(directory, **changes):
    """The reference: eager attention in float32, read back from what was written."""
    config = transformers.AutoConfig.from_pretrained(directory)
    for key, value in changes.items():
        assert hasattr(config, key), key
        setattr(config, key, value)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        directory, config=config, dtype=torch.float32, attn_implementation="eager"
    )
    return model.eval()


def write_golden(model, directory, ordinary_ids):
    reference = load(directory)
    prompts = golden_search.search(reference, model, ordinary_ids)
    golden_search.check_sensitivity(reference, prompts, model, lambda **c: load(directory, **c))
    head = {
        "model": model.name,
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "vocabSize": model.config["vocab_size"],
        "maxTokens": golden_search.STEPS,
        "relativeTolerance": golden_search.TOLERANCE,
        "float32Error": golden_search.rounding_error(reference, prompts),
        "minGapRatio": min(p["minGapRatio"] for p in prompts),
    }
    lines = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    rows = ",\n".join(json.dumps(p, separators=(",", ":")) for p in prompts)
    lines.append(f'"prompts": [\n{rows}\n]')
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (directory / "golden.json").write_text(text, encoding="utf-8")
    print(model.name, "smallest gap ratio", head["minGapRatio"], flush=True)


def make(model):
    directory = RESOURCES / "golden" / model.name
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    write_json(directory / "config.json", model.config)
    write_json(directory / "generation_config.json", model.generation_config)
    write_weights(model, weights(model), directory)
    template = golden_templates.source(model.template)
    tokenizer = golden_tokenizers.write(model.tokenizer, template, directory)
    check_special_ids(model, tokenizer)
    golden_tokenizers.write_goldens(model.tokenizer, directory)
    if model.golden:
        special = model.tokenizer["specials"] + model.tokenizer.get("ordinary", [])
        special = {tokenizer.token_to_id(s) for s in special}
        ordinary_ids = [i for i in range(tokenizer.get_vocab_size()) if i not in special]
        write_golden(model, directory, ordinary_ids)
    for file in directory.iterdir():
        file.chmod(0o644)


def check_special_ids(model, tokenizer):
    eos = model.generation_config["eos_token_id"]
    eos = eos if isinstance(eos, list) else [eos]
    assert tokenizer.token_to_id(model.tokenizer["eos"]) in eos
    if model.tokenizer["bos"]:
        assert tokenizer.token_to_id(model.tokenizer["bos"]) == model.config["bos_token_id"]
    assert tokenizer.get_vocab_size() <= model.config["vocab_size"]


def main(names):
    torch.set_num_threads(1)  # the same sums on every machine, and no quarrel over a busy one
    known = {m.name: m for m in golden_models.MODELS}
    for name in names or [*known, "templates"]:
        if name == "templates":
            golden_templates.write(RESOURCES / "templates")
        else:
            make(known[name])


if __name__ == "__main__":
    main(sys.argv[1:])
