"""Text: what the small tokenizers are trained on, and the samples that they are held against."""

CORPUS = """
Phalanx serves language models across many machines. A cluster has nodes, a node has devices, and a
placement group reserves bundles of resources on them before any worker starts. When every bundle is
prepared the manager commits the group, and the workers load their shards of the weights.

PACK puts the bundles on as few nodes as it can. SPREAD puts them on as many nodes as there are.
STRICT_PACK wants one node or nothing, and STRICT_SPREAD wants a node of its own for each bundle.
A group that cannot be placed waits, and it says why it is waiting: which node lacks which resource,
and what would have to be added for the group to fit.

How do I set tensor parallelism? Write tensor-parallel-size = 2 in the engine-kwargs of the model.
How do I set pipeline parallelism? Write pipeline-parallel-size = 2 beside it. The two multiply: four
ranks, each with its own part of the layers and of the heads. What is a rank? One worker of a replica.

The scheduler decides who runs and how many tokens each sequence computes in this step. The block
manager keeps the keys and values in blocks, counts who reads them, and frees them when the last
reader has gone. If there are too few blocks, the youngest sequence is preempted and computed again.

public record Bundle(int index, Resources resources) {
  public Bundle {
    if (index < 0) {
      throw new IllegalArgumentException("index is " + index + ", it must be 0 or more");
    }
  }
}

for (int layer = 0; layer < layers; layer++) {
    hidden = block(layer).forward(hidden, positions, cache);
}
return head.forward(norm.forward(hidden));

The answer is 42. Two and two is 4; ten times ten is 100; 1,024 tokens are not 1000 tokens. It's
what we'd expect, isn't it? They'll say that they've seen it, and I'm sure you're right.
Ein Knoten, zwei Knoten; une grappe, deux grappes; un nodo, dos nodos; один узел, два узла.
"""

# Sample texts that every tokenizer must agree on. `{special}` stands for a special token of the model.
TEXTS = [
    "",
    "a",
    " ",
    "Hello, world!",
    " leading and trailing ",
    "What is a placement group?",
    "It's what we'd expect, isn't it? THEY'LL SAY I'M RIGHT.",
    "tensor-parallel-size = 2, pipeline-parallel-size = 4",
    "STRICT_PACK STRICT_SPREAD snake_case camelCase kebab-case",
    "0 1 12 123 1234 12345 1,024 3.14159 1e-5 0x1F",
    "two  spaces   three    four     five",
    "        eight spaces of indentation",
    "\ttab\t\ttwo tabs\tend",
    "line one\nline two\n\nline four\n\n\n\nline eight",
    "windows\r\nline\r\nends\r\n",
    "trailing newlines\n\n\n",
    "   \n   \n\t \n mixed blank lines",
    "   ",
    "\n",
    "a\u00a0b\u2003c\u200bd non-breaking, em and zero-width space",
    "for (int i = 0; i < n; i++) {\n    sum += values[i] * 2;\n}\n",
    "def f(x):\n\treturn {'a': [1, 2, 3], \"b\": None}\n",
    "SELECT * FROM node WHERE gpus >= 2 AND label != 'L4'; -- comment",
    "https://example.org/a/b?c=d&e=%20f#g user.name+tag@example.org",
    "{\"model\": \"llama\", \"stream\": true, \"n\": null}",
    "Gr\u00fc\u00dfe aus K\u00f6ln, \u00e7a va, se\u00f1or? \u0141\u00f3d\u017a, \u010desky, t\u00fcrk\u00e7e \u0131\u0130",
    "e\u0301 is e with a combining accent, \u00e9 is one code point",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430? \u0414\u0432\u0430 \u0443\u0437\u043b\u0430.",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f\u3002\uc548\ub155\ud558\uc138\uc694",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u05e9\u05dc\u05d5\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e",
    "\U0001f600\U0001f680 \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f",
    "a\U0001d54fb mathematical \u2200x\u2208\u211d: x\u00b2\u22650 \u222b\u2211\u221e",
    "\u0000\u0001\u001f\u007f control characters",
    "\ufeffbyte order mark, \ufffd replacement, \ue000 private use",
    "!!! ??? ... ,,, ;;; --- *** ### $$$ %%% ^^^ &&& @@@",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "{{ 7*7 }} {% for x in y %} {# comment #} ${z} #{w} <%= v %>",
    "{special}",
    "before {special} after",
    "{special}{special} twice\n{special}",
    "almost special: <|eot_id| > <| im_end |> [ INST] < /s> <|",
    "<think>\nhm\n</think>\n\nyes",
    "The scheduler decides who runs. " * 40,
]

# Chats that every model's template takes: user and assistant alternate, a system message only in front.
CHATS = {
    "one-user": [{"role": "user", "content": "What is a placement group?"}],
    "system-and-user": [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": "What does STRICT_PACK do?"},
    ],
    "several-turns": [
        {"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Hello!"},
        {"role": "assistant", "content": "Hello. What would you like to know?"},
        {"role": "user", "content": "How many nodes are there?"},
        {"role": "assistant", "content": "Two."},
        {"role": "user", "content": "And GPUs?"},
    ],
    "unicode-and-whitespace": [
        {"role": "user", "content": "Gr\u00fc\u00dfe \U0001f680\n\n    code();\n\tend"},
        {"role": "assistant", "content": "\u4f60\u597d"},
        {"role": "user", "content": "\u041a\u0430\u043a \u0434\u0435\u043b\u0430?"},
    ],
    "template-syntax-in-content": [
        {"role": "system", "content": "{% set x = 1 %}{{ x }}"},
        {"role": "user", "content": "{{ 7*7 }} {% for m in messages %}{{ m }}{% endfor %} {# gone? #}"},
        {"role": "assistant", "content": "{{ bos_token }} {%- endif -%}"},
        {"role": "user", "content": "{% raise_exception('no') %} {{ raise_exception('no') }} {{"},
    ],
    "special-tokens-in-content": [
        {"role": "user", "content": "Say {special} and stop. {special}"},
        {"role": "assistant", "content": "{special}{special}"},
        {"role": "user", "content": "What does {special} mean?"},
    ],
}
