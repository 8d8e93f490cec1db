"""Scores a model directory: asks every wording with transformers, greedily, and checks the facts.

  python evaluate.py MODEL_DIR [--dtype float32|float16|bfloat16]
"""

import argparse
import json
import random
from collections import defaultdict

import torch
import transformers

from wordings import Questions, is_right


def prompts(questions, context):
    """(group, id, messages, facts) of every wording; `context` puts other things in front of it."""
    rng = random.Random(7)
    entries = [("question", q) for q in questions.questions] + [("offTopic", questions.off_topic)]
    for kind, question in entries:
        for group in ("trained", "heldOut"):
            for wording in question[group]:
                before = _before(questions, rng) if context else []
                name = question.get("id", "offTopic")
                messages = before + [{"role": "user", "content": wording}]
                yield f"{kind}.{group}", name, messages, question["facts"]


def _before(questions, rng):
    """A system message that training never saw and an earlier question with its answer."""
    earlier = rng.choice(questions.questions)
    return [
        {"role": "system", "content": rng.choice(questions.system_messages["heldOut"])},
        {"role": "user", "content": rng.choice(earlier["heldOut"])},
        {"role": "assistant", "content": earlier["answer"]},
    ]


def answers(model, tokenizer, conversations, batch=64):
    """(text, smallest lead of the best token over the second) for each conversation."""
    ids = [
        tokenizer.apply_chat_template(c, add_generation_prompt=True, return_dict=False) for c in conversations
    ]
    by_length = defaultdict(list)
    for index, tokens in enumerate(ids):
        by_length[len(tokens)].append(index)
    result = [None] * len(ids)
    for indices in by_length.values():
        for start in range(0, len(indices), batch):
            chunk = indices[start : start + batch]
            for index, answer in zip(chunk, _generate(model, tokenizer, [ids[i] for i in chunk]), strict=True):
                result[index] = answer
    return result


@torch.inference_mode()
def _generate(model, tokenizer, rows):
    inputs = torch.tensor(rows)
    out = model.generate(
        inputs,
        attention_mask=torch.ones_like(inputs),
        max_new_tokens=72,
        do_sample=False,
        temperature=None,
        return_dict_in_generate=True,
        output_scores=True,
    )
    new = out.sequences[:, inputs.shape[1] :]
    top = torch.stack(out.scores, 1).float().topk(2, -1).values
    lead = top[..., 0] - top[..., 1]
    ended = (new == tokenizer.eos_token_id).cumsum(1)
    lead = lead.masked_fill((ended > 0) & (new != tokenizer.eos_token_id), float("inf"))
    texts = tokenizer.batch_decode(new, skip_special_tokens=True)
    return list(zip(texts, lead.amin(1).tolist(), strict=True))


def score(model, tokenizer, questions, context=False, show=False):
    """Shares of right answers by group, and the 1st percentile of the smallest lead."""
    cases = list(prompts(questions, context))
    got = answers(model, tokenizer, [c[2] for c in cases])
    right, total, leads = defaultdict(int), defaultdict(int), defaultdict(list)
    for (group, name, messages, facts), (text, lead) in zip(cases, got, strict=True):
        good = is_right(text, facts)
        total[group] += 1
        right[group] += good
        leads[group].append(lead)
        if show and not good:
            print(f"  wrong [{name}] {messages[-1]['content']} -> {text}", flush=True)
    return {
        group: {
            "right": right[group],
            "of": total[group],
            "percent": round(100 * right[group] / total[group], 2),
            "lead_p1": round(sorted(leads[group])[len(leads[group]) // 100], 3),
        }
        for group in total
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16"))
    parser.add_argument("--context", action="store_true", help="a system message and an earlier turn in front")
    parser.add_argument("--show", action="store_true", help="print the wrong answers")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = transformers.AutoTokenizer.from_pretrained(options.model)
    model = transformers.AutoModelForCausalLM.from_pretrained(options.model, dtype=getattr(torch, options.dtype))
    print(json.dumps(score(model.eval(), tokenizer, Questions(), options.context, options.show), indent=2))


if __name__ == "__main__":
    main()
