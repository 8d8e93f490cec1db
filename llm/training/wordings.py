"""The questions of the default model, and the many ways in which training words them.

A question is asked in its trained wordings, varied by case, punctuation, prefixes, suffixes,
near-synonyms, dropped words and typing mistakes. Wordings that are kept out of training never
appear in what this module makes, not even inside a longer text.
"""

import json
import re
from pathlib import Path

DATA = Path(__file__).resolve().parent / "questions.json"

PREFIXES = (
    "hi, ", "hello, ", "hey, ", "hi! ", "Hello! ", "please tell me: ", "please tell me ",
    "tell me, ", "can you tell me ", "could you tell me, ", "I want to know: ",
    "I would like to know ", "quick question: ", "a question: ", "question: ", "one more question: ",
    "and ", "so, ", "ok, ", "well, ", "in Phalanx, ", "In Phalanx: ", "with Phalanx, ",
    "about Phalanx: ", "please explain: ", "I am new here. ", "I'm a beginner. ", "next: ", "also, ",
    "another thing: ", "sorry, ", "excuse me, ", "do you know ", "now tell me ", "thanks. ", "",
)  # fmt: skip
SUFFIXES = (
    " please", " please?", ", please", " in Phalanx?", " in Phalanx", " with Phalanx?", " thanks",
    " Thank you!", " briefly", " in short", " in one sentence", " in simple words", " exactly?",
    " here?", " again?", " then?", " I need to know.", " Explain it.", " Please be brief.", " really?",
    " for me", " actually",
)  # fmt: skip

# Each group's members may stand for one another at the start of a wording.
OPENINGS = (
    ("how do i ", "how can i ", "how to ", "how should i ", "how would i ", "how could i ", "how do you ",
     "what do i do to ", "what is the way to ", "show me how to ", "tell me how to ", "i want to ",
     "explain how to ", "what must i do to ", "is there a way to ", "how does one ", "how do we "),
    ("what is ", "what's ", "whats ", "explain ", "describe ", "define ", "tell me about ", "what means ",
     "can you explain ", "could you describe ", "please explain ", "what do you mean by ", "i don't know what is ",
     "what exactly is ", "what is meant by ", "give me a definition of ", "info on ", "help me understand "),
    ("which ", "what ", "tell me which ", "show me which "),
    ("what does ", "explain what ", "tell me what "),
    ("what happens when ", "what happens if ", "what if ", "what does phalanx do when ", "tell me what happens when ",
     "what will happen if ", "explain what happens when ", "what occurs if "),
    ("list ", "name ", "show me ", "give me ", "tell me ", "enumerate "),
    ("can i ", "could i ", "is it possible to ", "may i ", "am i able to ", "will i be able to "),
    ("does phalanx ", "can phalanx ", "will phalanx ", "is phalanx able to ", "does it "),
    ("why ", "for what reason ", "tell me why ", "explain why "),
    ("where ", "in which place ", "tell me where "),
    ("how many ", "what number of ", "tell me how many "),
    ("how does ", "in which way does ", "explain how ", "tell me how "),
    ("do i need ", "must i have ", "do i have to have ", "do we need ", "is there any need for "),
)  # fmt: skip

SYNONYMS = (
    ("set", "configure", "specify", "choose", "change", "define"),
    ("start", "launch", "run", "boot", "bring up"),
    ("stop", "quit", "shut down", "end"),
    ("key", "setting", "option", "parameter"),
    ("keys", "settings", "options"),
    ("supported", "available", "possible", "allowed"),
    ("support", "handle", "offer"),
    ("machine", "computer", "host", "server"),
    ("dies", "fails", "crashes", "goes down", "is lost", "breaks"),
    ("fails", "dies", "crashes", "breaks"),
    ("limit", "restrict", "bound", "cap"),
    ("configuration", "config", "configuration file", "conf"),
    ("use", "work with", "apply"),
    ("enable", "turn on", "switch on", "activate"),
    ("work", "function"),
    ("needed", "required", "necessary"),
    ("request", "query", "call"),
    ("requests", "queries", "calls"),
    ("show", "display", "print"),
    ("handled", "treated", "dealt with"),
    ("purpose", "job", "point", "use"),
    ("large", "big", "long"),
    ("maximum", "max", "largest"),
    ("several", "many", "multiple"),
    ("routes", "endpoints", "paths"),
    ("two", "2"),
    ("four", "4"),
    ("gpus", "graphics cards", "gpu's"),
    ("tensor parallelism", "tensor parallel", "tensor-parallelism", "tensor parallelization"),
    ("pipeline parallelism", "pipeline parallel", "pipeline-parallelism", "pipeline parallelization"),
    ("data parallelism", "data parallel", "data-parallelism"),
    ("difference between", "distinction between"),
    ("there", "available"),
    ("does phalanx have", "are there in phalanx", "exist in phalanx"),
    ("answer", "reply", "response"),
    ("download", "fetch", "get"),
    ("model", "llm", "language model"),
    ("meaning", "sense"),
    ("exist", "are there"),
)  # fmt: skip

DROPPABLE = frozenset(
    "a an the is are do does of to in for my me please it this that there be can i you with on".split()
)
FUNCTION_WORDS = DROPPABLE | frozenset(
    "what which how who when where why if and or does did has have had will would should could must may".split()
)
CONSONANTS = "bcdfghjklmnprstvwz"
KEYBOARD = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo",
    "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et",
    "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def normalize(text):
    """The words of a text, lower case, without punctuation, with one space between and around them."""
    return " " + " ".join(re.findall(r"[a-z0-9_+^=']+", text.lower())) + " "


class Questions:
    """What `questions.json` holds, checked, and the source of varied conversations."""

    def __init__(self, path=DATA):
        data = json.loads(Path(path).read_text())
        self.questions = data["questions"]
        self.off_topic = data["offTopic"]
        self.system_messages = data["systemMessages"]
        self.held_out = [normalize(w) for q in (*self.questions, self.off_topic) for w in q["heldOut"]]
        self._check()

    def _check(self):
        trained = set()
        for question in self.questions:
            name, answer = question["id"], question["answer"]
            if len(question["trained"]) < 8 or len(question["heldOut"]) < 3:
                raise ValueError(f"{name}: needs at least 8 trained and 3 kept-out wordings")
            if not is_right(answer, question["facts"]):
                raise ValueError(f"{name}: the answer lacks one of its own facts")
            trained.update(normalize(w) for w in question["trained"])
        trained.update(normalize(w) for w in self.off_topic["trained"])
        leaked = trained.intersection(self.held_out)
        if leaked or len(set(self.held_out)) != len(self.held_out):
            raise ValueError(f"kept-out wordings must be distinct and untrained: {sorted(leaked)}")

    def leaks(self, text):
        """Whether a kept-out wording stands anywhere in the text."""
        words = normalize(text)
        return any(wording in words for wording in self.held_out)

    def conversation(self, rng):
        """A conversation as a list of (role, text), one to three questions long."""
        messages = []
        if rng.random() < 0.5:
            messages.append(("system", rng.choice(self.system_messages["trained"])))
        for _ in range(rng.choices((1, 2, 3), (60, 25, 15))[0]):
            wording, answer = self.exchange(rng)
            messages += [("user", wording), ("assistant", answer)]
        return messages

    def exchange(self, rng):
        """One varied wording and its answer."""
        while True:
            if rng.random() < 0.14:
                wording, answer = self.off_topic_wording(rng), rng.choice(self.off_topic["answers"])
            else:
                question = rng.choice(self.questions)
                wording, answer = rng.choice(question["trained"]), question["answer"]
            varied = vary(wording, rng)
            if not self.leaks(varied):
                return varied, answer

    def off_topic_wording(self, rng):
        if rng.random() < 0.4:
            return rng.choice(self.off_topic["trained"])
        template = rng.choice(self.off_topic["templates"])
        return re.sub(r"\{(\w+)\}", lambda m: self._filling(m[1], rng), template)

    def _filling(self, slot, rng):
        if slot == "number":
            return str(rng.randrange(10 ** rng.randint(1, 4)))
        if slot == "nonsense":
            return "".join(rng.choice(CONSONANTS) + rng.choice("aeiou") for _ in range(rng.randint(2, 4)))
        return rng.choice(self.off_topic["slots"][slot])

    def texts(self, rng, variations):
        """Texts to learn a vocabulary from: all that training may show, and none that is kept out."""
        texts = list(self.system_messages["trained"]) + list(self.off_topic["answers"])
        for question in self.questions:
            texts += [question["answer"]] * 3 + question["trained"] * 2
            texts += [w.lower() for w in question["trained"]]
        texts += [self.exchange(rng)[0] for _ in range(variations)]
        return texts


def is_right(answer, facts):
    """Whether the answer holds one of the accepted spellings of every fact."""
    lowered = answer.lower()
    return all(any(spelling in lowered for spelling in fact) for fact in facts)


def vary(wording, rng):
    """The wording as another person might have typed it."""
    text = wording
    if rng.random() < 0.5:
        text = _replace_opening(text, rng)
    if rng.random() < 0.4:
        text = _replace_synonym(text, rng)
    if rng.random() < 0.15:
        text = _drop_word(text, rng)
    elif rng.random() < 0.1:
        text = _keywords(text, rng)
    text = _replace_ending(text, rng)
    if rng.random() < 0.25:
        prefix = rng.choice(PREFIXES)
        text = prefix + (text[:1].lower() + text[1:] if text[1:2].islower() and rng.random() < 0.7 else text)
    if rng.random() < 0.18:
        text = re.sub(r"[?.!]+$", "", text) + rng.choice(SUFFIXES)
    if rng.random() < 0.2:
        text = _mistype(text, rng)
    return _replace_case(text, rng)


def _replace_opening(text, rng):
    lowered = text.lower()
    for group in OPENINGS:
        for opening in group:
            if lowered.startswith(opening):
                rest = text[len(opening):]
                new = rng.choice(group) + rest
                return new[:1].upper() + new[1:]
    return text


def _replace_synonym(text, rng):
    groups = list(SYNONYMS)
    rng.shuffle(groups)
    for group in groups:
        for word in group:
            found = re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
            if found:
                return text[: found.start()] + rng.choice(group) + text[found.end():]
    return text


def _drop_word(text, rng):
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if word.lower() in DROPPABLE]
    if places and len(words) > 2:
        del words[rng.choice(places)]
    return " ".join(words)


def _keywords(text, rng):
    """What people type into a search box: no function words, sometimes in another order."""
    words = [w for w in re.sub(r"[?.!]+$", "", text).split(" ") if w.lower() not in FUNCTION_WORDS]
    if rng.random() < 0.3:
        rng.shuffle(words)
    return " ".join(words) if sum(map(len, words)) > 3 else text


def _replace_ending(text, rng):
    roll = rng.random()
    if roll < 0.5:
        return text
    bare = re.sub(r"[?.!]+$", "", text)
    return bare + rng.choice(("", "", "?", "?", "??", "!", ".", " ?", "...", "?!"))


def _mistype(text, rng):
    words = text.split(" ")
    places = [i for i, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    if not places:
        return text
    place = rng.choice(places)
    word = words[place]
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(4)
    if kind == 0:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2:]
    elif kind == 1:
        word = word[:at] + word[at + 1:]
    elif kind == 2:
        word = word[:at] + word[at] + word[at:]
    else:
        word = word[:at] + rng.choice(KEYBOARD.get(word[at].lower(), "e")) + word[at + 1:]
    words[place] = word
    return " ".join(words)


def _replace_case(text, rng):
    roll = rng.random()
    if roll < 0.6:
        return text
    if roll < 0.93:
        return text.lower()
    if roll < 0.96:
        return text.upper()
    return text[:1].lower() + text[1:]
