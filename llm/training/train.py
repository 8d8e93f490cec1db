"""Makes the embedded default model of Phalanx: tokenizer, training, export, scores.

  python train.py [--out DIR] [--steps N]

One seed and one thread decide everything: the same versions on the same kind of CPU make the same
files. README.md says what the committed files took and what they score.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import tokenizers
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file

import evaluate
from wordings import Questions

SEED = 20261124
STEPS = 1000
WARMUP_STEPS = 60
PEAK_LEARNING_RATE = 2.5e-3
WEIGHT_DECAY = 0.1
TOKENS_PER_BATCH = 3600
BATCHES_PER_POOL = 16
DROPOUT = 0.08
TOKEN_DROPOUT = 0.07
CUT_WORDS = 0.05

BEGIN, END, SYSTEM, USER, ASSISTANT, PAD = (
    "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|pad|>",
)  # fmt: skip
HEADERS = {"system": SYSTEM, "user": USER, "assistant": ASSISTANT}
VOCAB_SIZE = 4096
CONTEXT = 8192

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' or message['role'] == 'user' or message['role'] == 'assistant' %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] | trim + eos_token }}"
    "{% else %}"
    "{{ raise_exception('Unknown role: ' + message['role'] + '; use system, user or assistant.') }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)

HERE = Path(__file__).resolve().parent
RESOURCES = HERE.parent / "src/main/resources/io/phalanx/llm/embedded"


def make_tokenizer(questions):
    """A byte-level BPE tokenizer: every byte has a token, so every text can be encoded."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        min_frequency=2,
        special_tokens=[BEGIN, END, SYSTEM, USER, ASSISTANT, PAD],
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(questions.texts(random.Random(SEED), 30_000), trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single=f"{BEGIN} $A",
        pair=f"{BEGIN} $A {BEGIN} $B",
        special_tokens=[(BEGIN, tokenizer.token_to_id(BEGIN))],
    )
    return tokenizer


def make_model(vocabulary):
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**architecture(vocabulary), attn_implementation="eager")
    )


def architecture(vocabulary):
    """The shape: it divides by 1, 2 and 4 ranks of tensor and by 1, 2 and 3 stages of pipeline parallelism."""
    return {
        "vocab_size": vocabulary,
        "hidden_size": 256,
        "intermediate_size": 768,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "max_position_embeddings": CONTEXT,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": 0,
        "eos_token_id": 1,
        "pad_token_id": 5,
    }


def add_dropout(model):
    """Dropout while training only: whole tokens at the input, single values after each block."""

    def drop_tokens(_module, _inputs, output):
        kept = torch.rand(output.shape[:2]) >= TOKEN_DROPOUT
        return output * kept.unsqueeze(-1)

    def drop_values(_module, _inputs, output):
        return F.dropout(output, DROPOUT)

    hooks = [model.model.embed_tokens.register_forward_hook(drop_tokens)]
    for layer in model.model.layers:
        hooks.append(layer.mlp.register_forward_hook(drop_values))
        hooks.append(layer.self_attn.o_proj.register_forward_hook(drop_values))
    return hooks


class Batches:
    """An endless stream of (input ids, labels); only answers and some question tokens are labelled."""

    def __init__(self, draw, tokenizer, seed):
        self.draw = draw
        self.tokenizer = tokenizer
        self.rng = random.Random(seed)

    def __iter__(self):
        while True:
            pool = []
            while sum(len(ids) for ids, _ in pool) < TOKENS_PER_BATCH * BATCHES_PER_POOL:
                pool.append(self._row(self.draw(self.rng)))
            pool.sort(key=lambda row: len(row[0]))
            batches = list(self._split(pool))
            self.rng.shuffle(batches)
            yield from batches

    def _row(self, messages):
        ids, labels = [self._id(BEGIN)], [-100]
        for role, text in messages:
            body = self._encode(role, text) + [self._id(END)]
            ids += [self._id(HEADERS[role]), *body]
            labels.append(-100)
            labels += body if role == "assistant" else [i if self.rng.random() < 0.1 else -100 for i in body]
        return ids, labels

    def _encode(self, role, text):
        pieces = self._cut_words(text) if role == "user" else [text]
        return [i for piece in pieces for i in self.tokenizer.encode(piece, add_special_tokens=False).ids]

    def _cut_words(self, text):
        """The text in pieces that part some words, so that a word is known in other tokens than its usual ones too."""
        cuts = [i for i in range(1, len(text)) if text[i - 1].isalpha() and self.rng.random() < CUT_WORDS / 4]
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    def _id(self, token):
        return self.tokenizer.token_to_id(token)

    def _split(self, pool):
        batch = []
        for row in pool:
            if batch and (len(batch) + 1) * len(row[0]) > TOKENS_PER_BATCH:
                yield self._pad(batch)
                batch = []
            batch.append(row)

    def _pad(self, rows):
        width = max(len(ids) for ids, _ in rows)
        ids = torch.tensor([i + [self._id(PAD)] * (width - len(i)) for i, _ in rows])
        labels = torch.tensor([la + [-100] * (width - len(la)) for _, la in rows])
        return ids, labels


def loss_of(model, ids, labels):
    """Cross-entropy of the labelled tokens; the logits of the others are never computed."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        wanted = labels[:, 1:]
        labelled = wanted != -100
        logits = model.lm_head(hidden[labelled])
    return F.cross_entropy(logits.float(), wanted[labelled])


def learning_rate(step, steps):
    if step < WARMUP_STEPS:
        return PEAK_LEARNING_RATE * (step + 1) / WARMUP_STEPS
    progress = (step - WARMUP_STEPS) / max(1, steps - WARMUP_STEPS)
    return PEAK_LEARNING_RATE * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress)))


def make_optimizer(model):
    matrices = [p for p in model.parameters() if p.dim() > 1]
    vectors = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=PEAK_LEARNING_RATE, betas=(0.9, 0.98), eps=1e-8)


def train(model, batches, steps):
    hooks = add_dropout(model)
    optimizer = make_optimizer(model)
    started, mean = time.monotonic(), None
    for step, (ids, labels) in zip(range(steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps)
        loss = loss_of(model, ids, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        mean = loss.item() if mean is None else 0.95 * mean + 0.05 * loss.item()
        if step % 25 == 24 or step + 1 == steps:
            seconds = time.monotonic() - started
            print(f"step {step + 1}/{steps} loss {mean:.4f} {seconds:.0f} s", flush=True)
    for hook in hooks:
        hook.remove()


def export(model, tokenizer, out):
    """Writes the Hugging Face layout, weights in bfloat16."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {
        name: tensor.detach().to(torch.bfloat16).contiguous()
        for name, tensor in model.state_dict().items()
        if name != "lm_head.weight"
    }
    if not all(torch.isfinite(tensor).all() for tensor in weights.values()):
        raise ValueError("a weight is not finite")
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save(str(out / "tokenizer.json"), pretty=False)
    vocabulary = model.config.vocab_size
    _write(out / "config.json", {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **architecture(vocabulary),
        "rope_theta": 10000.0,
        "rope_scaling": None,
        "torch_dtype": "bfloat16",
        "use_cache": True,
    })  # fmt: skip
    _write(out / "generation_config.json", {
        "bos_token_id": 0, "eos_token_id": [1], "pad_token_id": 5, "do_sample": True, "temperature": 0.2,
    })  # fmt: skip
    special = {"bos_token": BEGIN, "eos_token": END, "pad_token": PAD}
    _write(out / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **special,
        "clean_up_tokenization_spaces": False,
        "model_max_length": CONTEXT,
        "chat_template": CHAT_TEMPLATE,
    })  # fmt: skip
    _write(out / "special_tokens_map.json", special)


def _write(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def report(out, questions):
    """Prints the scores of the written files, computed in float32 and, coarser, in bfloat16."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(out)
    for dtype in (torch.float32, torch.bfloat16):
        model = transformers.AutoModelForCausalLM.from_pretrained(out, dtype=dtype).eval()
        for context in (False, True):
            scores = evaluate.score(model, tokenizer, questions, context, show=dtype == torch.float32)
            print(f"{dtype}, {'in a chat' if context else 'alone'}: {json.dumps(scores)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESOURCES)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    questions = Questions()
    tokenizer = make_tokenizer(questions)
    vocabulary = math.ceil(tokenizer.get_vocab_size() / 64) * 64
    model = make_model(vocabulary)
    count = sum(p.numel() for p in model.parameters())
    print(f"{vocabulary} tokens, {count / 1e6:.2f} M parameters", flush=True)
    train(model, Batches(questions.conversation, tokenizer, SEED + 1), options.steps)
    export(model, tokenizer, options.out)
    report(options.out, questions)


if __name__ == "__main__":
    main()
