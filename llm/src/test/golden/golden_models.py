"""The models: what their config.json says, and what else they are made of."""

import dataclasses

from golden_tokenizers import (
    LLAMA_SPECIALS, MISTRAL_SPECIALS, QWEN_ORDINARY, QWEN_SPECIALS, split_pattern,
)


@dataclasses.dataclass(frozen=True)
class GoldenModel:
    """One model directory."""

    name: str
    seed: int
    config: dict
    generation_config: dict
    dtype: str
    template: str
    tokenizer: dict
    shards: int = 1
    golden: bool = True
    lengths: tuple = (1, 2, 7, 16, 33, 65, 130, 200)
    # changes to the loaded config, each of which must change the logits; and substrings of weight
    # names which must do so when they are reset to their neutral value
    features: tuple = ()
    neutral: tuple = ()


def llama(**more):
    return {
        "architectures": ["LlamaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.2,
        "intermediate_size": 128,
        "mlp_bias": False,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "pretraining_tp": 1,
        "rms_norm_eps": 1e-05,
        "use_cache": True,
        **more,
    }


LLAMA_TINY = GoldenModel(
    name="llama-tiny",
    seed=11,
    dtype="bfloat16",
    config=llama(
        bos_token_id=379,
        dtype="bfloat16",
        eos_token_id=[380, 383, 384],
        head_dim=16,
        max_position_embeddings=131072,
        rope_parameters={
            "factor": 8.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 512,
            "rope_theta": 500000.0,
            "rope_type": "llama3",
        },
        tie_word_embeddings=True,
        transformers_version="5.23.0",
        vocab_size=386,
    ),
    generation_config={
        "bos_token_id": 379, "do_sample": True, "eos_token_id": [380, 383, 384],
        "temperature": 0.6, "top_p": 0.9, "transformers_version": "5.23.0",
    },
    template="llama3",
    tokenizer={
        "size": 386, "specials": LLAMA_SPECIALS, "pattern": split_pattern(3), "adds_bos": True,
        "ignore_merges": True, "bos": "<|begin_of_text|>", "eos": "<|eot_id|>",
        "pad": "<|pad|>", "max_length": 131072,
    },
    features=({"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}},),
    neutral=("layernorm", "model.norm"),
)

LLAMA_UNTIED = GoldenModel(
    name="llama-untied",
    seed=112,
    dtype="float16",
    shards=3,
    config=llama(
        bos_token_id=0,
        eos_token_id=5,
        max_position_embeddings=4096,
        num_hidden_layers=5,
        rope_scaling={
            "factor": 4.0,
            "high_freq_factor": 4.0,
            "low_freq_factor": 1.0,
            "original_max_position_embeddings": 64,
            "rope_type": "llama3",
            "type": "llama3",
        },
        rope_theta=10000.0,
        tie_word_embeddings=False,
        torch_dtype="float16",
        transformers_version="4.43.0",
        vocab_size=385,
    ),
    generation_config={"_from_model_config": True, "bos_token_id": 0, "eos_token_id": 5,
                       "transformers_version": "4.43.0"},
    template="headers",
    tokenizer={
        "size": 385, "specials": LLAMA_SPECIALS, "specials_first": True, "pattern": None,
        "bos": "<|begin_of_text|>", "eos": "<|eot_id|>", "max_length": 4096,
    },
    features=(
        {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        {"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 4.0,
                             "high_freq_factor": 4.0, "low_freq_factor": 1.0,
                             "original_max_position_embeddings": 64}},
    ),
    neutral=("layernorm", "model.norm"),
)

QWEN3_TINY = GoldenModel(
    name="qwen3-tiny",
    seed=13,
    dtype="bfloat16",
    config={
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": 379,
        "dtype": "bfloat16",
        "eos_token_id": 381,
        "head_dim": 32,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.2,
        "intermediate_size": 128,
        "layer_types": ["full_attention"] * 4,
        "max_position_embeddings": 4096,
        "max_window_layers": 4,
        "model_type": "qwen3",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
        "sliding_window": None,
        "tie_word_embeddings": True,
        "transformers_version": "5.23.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 394,
    },
    generation_config={
        "bos_token_id": 379, "do_sample": True, "eos_token_id": [381, 379], "pad_token_id": 379,
        "temperature": 0.6, "top_k": 20, "top_p": 0.95, "transformers_version": "5.23.0",
    },
    template="qwen3",
    tokenizer={
        "size": 386, "specials": QWEN_SPECIALS, "ordinary": QWEN_ORDINARY, "nfc": True,
        "pattern": split_pattern(1), "bos": None, "eos": "<|im_end|>", "pad": "<|endoftext|>",
        "max_length": 4096, "variables": [{}, {"enable_thinking": False}],
    },
    features=({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},),
    neutral=("layernorm", "model.norm", "q_norm", "k_norm"),
)

QWEN2_TINY = GoldenModel(
    name="qwen2-tiny",
    seed=14,
    dtype="bfloat16",
    config={
        "architectures": ["Qwen2ForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": 381,
        "eos_token_id": 383,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.2,
        "intermediate_size": 128,
        "max_position_embeddings": 2048,
        "max_window_layers": 5,
        "model_type": "qwen2",
        "num_attention_heads": 4,
        "num_hidden_layers": 5,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "sliding_window": 1024,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.40.1",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 384,
    },
    generation_config={
        "bos_token_id": 381, "do_sample": True, "eos_token_id": [383, 381], "pad_token_id": 381,
        "repetition_penalty": 1.0, "temperature": 0.7, "top_k": 20, "top_p": 0.8,
        "transformers_version": "4.40.1",
    },
    template="chatml",
    tokenizer={
        "size": 384, "specials": QWEN_SPECIALS, "nfc": True, "pattern": split_pattern(1),
        "bos": None, "eos": "<|im_end|>", "pad": "<|endoftext|>", "max_length": 2048,
    },
    features=({"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},),
    neutral=("layernorm", "model.norm", "q_proj.bias", "k_proj.bias", "v_proj.bias"),
)

MISTRAL_TINY = GoldenModel(
    name="mistral-tiny",
    seed=15,
    dtype="float32",
    config={
        "architectures": ["MistralForCausalLM"],
        "attention_dropout": 0.0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "head_dim": 16,
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.2,
        "intermediate_size": 128,
        "max_position_embeddings": 4096,
        "model_type": "mistral",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 0.01,
        "rope_theta": 10000.0,
        "sliding_window": None,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
        "transformers_version": "4.42.0",
        "use_cache": True,
        "vocab_size": 387,
    },
    generation_config={"_from_model_config": True, "bos_token_id": 1, "eos_token_id": 2,
                       "transformers_version": "4.42.0"},
    template="mistral",
    tokenizer={
        "size": 387, "specials": MISTRAL_SPECIALS, "specials_first": True, "adds_bos": True,
        "pattern": split_pattern(1), "bos": "<s>", "eos": "</s>", "max_length": 4096,
        "template_file": True,
    },
    features=(
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}},
        {"rms_norm_eps": 1e-06},
    ),
    neutral=("layernorm", "model.norm"),
)

LLAMA_LONG = GoldenModel(
    name="llama-long",
    seed=16,
    dtype="bfloat16",
    golden=False,
    config=llama(
        bos_token_id=379,
        dtype="bfloat16",
        eos_token_id=[380, 383, 384],
        head_dim=8,
        hidden_size=16,
        intermediate_size=32,
        max_position_embeddings=262144,
        num_attention_heads=2,
        num_hidden_layers=1,
        num_key_value_heads=1,
        rope_parameters={"rope_theta": 500000.0, "rope_type": "default"},
        tie_word_embeddings=True,
        transformers_version="5.23.0",
        vocab_size=386,
    ),
    generation_config={"bos_token_id": 379, "eos_token_id": [380, 383, 384],
                       "transformers_version": "5.23.0"},
    template="headers",
    tokenizer={**LLAMA_TINY.tokenizer, "max_length": 262144},
)

MODELS = [LLAMA_TINY, LLAMA_UNTIED, QWEN3_TINY, QWEN2_TINY, MISTRAL_TINY, LLAMA_LONG]
