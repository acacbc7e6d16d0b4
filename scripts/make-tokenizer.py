#!/usr/bin/env python3
"""Makes the tokenizer.json of a recipe: byte-level BPE over the recipe's wordings and the tasks.

Usage: make-tokenizer.py RECIPE_FOLDER TASK.yaml ... > tokenizer.json
Needs tokenizers 0.23.3 and PyYAML 6. Run once when a recipe is made; the result is committed.
Digits are tokens of their own, so that class numbers stay single tokens."""
import random
import re
import string
import sys

import yaml
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

VOCABULARY = 2048
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "<image>"]


def strings(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield str(key).replace("_", " ")
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def expand(pattern, rng):
    return re.sub(r"\[([^\]]*)\]", lambda m: rng.choice(m.group(1).split("|")), pattern)


def corpus(recipe, tasks):
    rng = random.Random(1)
    patterns = list(strings(yaml.safe_load(open(f"{recipe}/wordings.yaml"))))
    for _ in range(20):
        for pattern in patterns:
            text = re.sub(" +", " ", expand(pattern, rng)).strip()
            yield text
            yield " " + text[:1].upper() + text[1:]
    for path in tasks:
        texts = list(strings(yaml.safe_load(open(path))))
        for _ in range(20):
            yield from texts
    for noun in ["Category", "Class", "Type", "Group", "Option", "Label"]:
        for i in range(10):
            for _ in range(10):
                yield f"{noun} {i}: {noun} {i}"
    for letter in string.ascii_uppercase:
        yield f"({letter}) {letter}. {letter}"


def main():
    recipe, *tasks = sys.argv[1:]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL, min_frequency=2,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(recipe, tasks), trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))])
    print(tokenizer.to_str(pretty=False))


main()
