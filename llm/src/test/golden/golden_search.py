"""Finds prompts whose greedy continuation cannot be decided by rounding, and records it."""

import copy

import numpy as np
import torch
from transformers import DynamicCache

STEPS = 64
TOLERANCE = 1e-3
GAP_IN_TOLERANCES = 10.0
# asked of a candidate, so that the recorded one keeps its ten tolerances for certain
SEARCH_MARGIN = 1.05
LEAST_DISTINCT_TOKENS = 24
BATCH = 512
MAX_BATCHES = 400
LOGITS_AT_STEPS = (0, 1, 8, 63)
SIGNIFICANT_DIGITS = 6


def gap_ratio(logits):
    """(top1 - top2) / max|logit| of each row."""
    top = logits.topk(2, dim=-1).values
    return (top[:, 0] - top[:, 1]) / logits.abs().amax(dim=-1)


@torch.inference_mode()
def survivors(model, prompts):
    """Decodes all prompts (one length) together, dropping each at its first narrow gap.

    Returns how many distinct tokens each prompt that reached the end produced, by its index.
    """
    least = GAP_IN_TOLERANCES * SEARCH_MARGIN * TOLERANCE
    alive = torch.arange(prompts.shape[0])
    cache = DynamicCache(config=model.config)
    inputs, tokens = prompts, torch.empty(prompts.shape[0], 0, dtype=torch.long)
    for _ in range(STEPS):
        logits = model(inputs, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        logits = logits[:, -1, :]
        inputs = logits.argmax(dim=-1, keepdim=True)
        tokens = torch.cat([tokens, inputs], dim=1)
        keep = (gap_ratio(logits) >= least).nonzero().flatten()
        alive, tokens, inputs = alive[keep], tokens[keep], inputs[keep]
        if alive.numel() == 0:
            break
        cache.batch_select_indices(keep)
    return {int(i): row.unique().numel() for i, row in zip(alive, tokens)}


def candidates(rng, ordinary_ids, length):
    ids = np.array(ordinary_ids)
    if length == 1:
        return torch.from_numpy(rng.permutation(ids)[:, None])
    return torch.from_numpy(rng.choice(ids, size=(BATCH, length)))


def rounded(values):
    return [float(f"{v:.{SIGNIFICANT_DIGITS}g}") for v in values.tolist()]


@torch.inference_mode()
def record(model, prompt):
    """The continuation of one prompt alone, and a check of it without a KV cache."""
    cache = DynamicCache(config=model.config)
    inputs, tokens, gaps, ratios, logits_at = prompt[None, :], [], [], [], []
    for step in range(STEPS):
        logits = model(inputs, past_key_values=cache, use_cache=True).logits[:, -1, :]
        top = logits[0].topk(2).values
        gaps.append(float(top[0] - top[1]))
        ratios.append(float(gap_ratio(logits)[0]))
        if step in LOGITS_AT_STEPS:
            logits_at.append({"step": step, "values": rounded(logits[0])})
        inputs = logits.argmax(dim=-1, keepdim=True)
        tokens.append(int(inputs))
    whole = torch.cat([prompt, torch.tensor(tokens)])[None, :]
    at_once = model(whole, use_cache=False).logits[0, len(prompt) - 1 : -1]
    assert at_once.argmax(dim=-1).tolist() == tokens
    assert min(ratios) >= GAP_IN_TOLERANCES * TOLERANCE
    return {
        "promptTokenIds": prompt.tolist(),
        "greedyTokenIds": tokens,
        "minGap": float(f"{min(gaps):.6g}"),
        "minGapRatio": float(f"{min(ratios):.6g}"),
        "logits": logits_at,
    }


@torch.inference_mode()
def rounding_error(model, prompts):
    """How far float32 is from float64, relative to max|logit|: the noise below which nothing counts."""
    worst, double = 0.0, copy.deepcopy(model).to(torch.float64)
    for p in prompts:
        ids = torch.tensor([p["promptTokenIds"] + p["greedyTokenIds"]])
        exact = double(ids).logits[0]
        difference = (model(ids).logits[0] - exact).abs().amax(dim=-1)
        worst = max(worst, float((difference / exact.abs().amax(dim=-1)).max()))
    print(f"  float32 is within {worst:.3g} of float64", flush=True)
    assert worst < TOLERANCE / 20
    return float(f"{worst:.3g}")


def search(model, golden_model, ordinary_ids):
    rng = np.random.default_rng(golden_model.seed)
    return [
        record(model, find(model, rng, ordinary_ids, length)) for length in golden_model.lengths
    ]


def find(model, rng, ordinary_ids, length):
    """The prompt with the most varied continuation of the first batch that has one varied enough."""
    least = 2 if length == 1 else LEAST_DISTINCT_TOKENS  # of one token there are only so many
    for batch in range(1 if length == 1 else MAX_BATCHES):
        prompts = candidates(rng, ordinary_ids, length)
        found = survivors(model, prompts)
        best = max(found, key=found.get, default=None)
        if best is not None and found[best] >= least:
            print(f"  length {length}: batch {batch}, {found[best]} distinct tokens", flush=True)
            return prompts[best]
    raise RuntimeError(f"no prompt of length {length} found: choose another seed or length")


@torch.inference_mode()
def check_sensitivity(model, prompts, golden_model, load_changed):
    """Fails if a feature of the model could be left out without any prompt's logits showing it."""
    texts = [torch.tensor([p["promptTokenIds"]]) for p in prompts]
    before = [model(t).logits[0, -1] for t in texts]
    for change in golden_model.features:
        expect_difference(load_changed(**change), texts, before, change)
    for part in golden_model.neutral:
        changed = load_changed()
        names = [n for n, _ in changed.named_parameters() if part in n]
        assert names, part
        for name, parameter in changed.named_parameters():
            if part in name:
                parameter.fill_(1.0 if "norm" in name else 0.0)
        expect_difference(changed, texts, before, part)


def expect_difference(changed, texts, before, what):
    worst = max(
        float((changed(t).logits[0, -1] - b).abs().max() / b.abs().max())
        for t, b in zip(texts, before)
    )
    print(f"  without {what}: logits move by {worst:.3g}", flush=True)
    assert worst > 10 * TOLERANCE, what
