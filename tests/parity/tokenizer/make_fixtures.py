#!/usr/bin/env python3
"""Trains small tokenisers of the kinds that Firstlight reads and records what the reference gives.

    python3 make_fixtures.py          (tokenizers 0.23.3)

Writes beside itself: tables.json (what test strings are made of), three tokenizer.json files,
variants.json (other normalisers, pre-tokenisers, decoders and added tokens on the same models) and
for each a file checks/NAME of 32-bit checksums: the first number is that of all texts together,
then one of the ids of each string with and without special tokens, then one of the decoded texts of
the first strings. NAME.ids.json holds the ids of the first strings in full.
"""

import copy
import json
import pathlib
import struct
import zlib

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
STRINGS, DECODED, FULL, VARIANT_STRINGS = 10000, 2500, 200, 400

WORDS = """galaxy galaxies smooth round edge on disk spiral arm bar barred cigar shape image event
neutrino electron muon charged current neutral track shower pixel map view detector liquid argon
surface brightness low faint artifact star spike ghost the a of and in is to classify category with
bright central bulge which this that are from Describe Answer USER ASSISTANT user assistant system
redshift photometric morphology don't it's we'll they've I'm he'd can't HELLO'S""".split()
SENTENCES = [
    "The galaxy is smooth and round, with a bright central bulge and no visible disk.",
    "Classify the image into one of the following categories: 0. Smooth, 1. Edge-on disk, 2. Spiral.",
    "La galaxie présente des bras spiraux étendus, où naissent des étoiles très jeunes.",
    "Die Milchstraße ist eine Balkenspiralgalaxie; größere Teleskope können schwächere Objekte zeigen.",
    "La galaxia muestra una señal débil en el centro; ¿qué clase de objeto es? ¡Más pequeño!",
    "Ο γαλαξίας είναι σπειροειδής και έχει φωτεινό πυρήνα στο κέντρο του.",
    "Галактика имеет яркое ядро и слабый диск, а также несколько спиральных рукавов.",
    "这个星系是一个旋涡星系，中心有一个明亮的核球。",
    "この銀河は渦巻銀河で、中心に明るいバルジがあります。",
    "이 은하는 나선 은하이며 중심에 밝은 팽대부가 있습니다.",
    "هذه المجرة حلزونية ولها نواة ساطعة في مركزها.",
    "यह आकाशगंगा सर्पिल है और इसके केंद्र में एक चमकीला उभार है।",
    "גלקסיה זו היא גלקסיה ספירלית עם ליבה בהירה.",
    "กาแล็กซีนี้เป็นกาแล็กซีชนิดก้นหอย",
    "for (int i = 0; i < n; ++i) { sum += x[i] * 1.5e-3; }  // 1024 2048 4096 31337 2026",
]

TABLES = {
    "ascii": list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "words": WORDS,
    "glued words": [" " + w for w in WORDS],
    "accents": list("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœŒčďěňřšťůžąęłńóśźżığşİŐőǅǈ"),
    "combining": ["e\u0301", "a\u0308", "o\u0302\u0323", "n\u0303", "\u0301", "\u0327", "\u20dd",
                  "q\u0307\u0323", "\u1100\u1161\u11a8", "\u212b", "\u00c5", "A\u030a", "ﬁ", "ﬃ"],
    "greek": list("αβγδεζηθικλμνξοπρσςτυφχψωΑΒΓΔΣΩάέήίόύώϊΐᾳᾤ"),
    "cyrillic": list("абвгдеёжзийклмнопрстуфхцчшщъыьэюяАБВГДЖЯєіїґ"),
    "han": list("这个星系是一旋涡中心有明亮的核球銀河渦巻天文望遠鏡中微子探测器图像分类〇々𠀀𠮷𪚥㐀"),
    "kana": list("あいうえおかがきぎくアイウエオカガキギク゛゜ーｱｲｳﾞ"),
    "hangul": list("가각간나다라마바사은하는나선이며ㄱㄴㅏㅑ"),
    "arabic": list("ابتثجحخدذرزسشصضطظعغفقكلمنهوي") + ["\u064e", "\u0651", "\u0640", "\u061f", "لا"],
    "devanagari": ["क", "ख", "ग", "का", "कि", "की", "क्ष", "त्र", "ज्ञ", "़", "ं", "।", "है", "ॐ"],
    "hebrew": list("אבגדהוזחטיכלמנסעפצקרשתםןץ") + ["\u05b8", "\u05bc"],
    "thai": ["ก", "า", "แ", "ล็", "ซี", "นี้", "เ", "ป็", "น"],
    "emoji": ["😀", "🔭", "🌌", "👩‍🚀", "👨‍👩‍👧‍👦", "👍🏽", "🇫🇷", "❤️", "☄️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "©", "™", "\u200d"],
    "digits": list("0123456789"),
    "other digits": ["٣", "٤", "५", "६", "²", "³", "½", "¼", "Ⅳ", "ⅻ", "①", "㊿", "𝟘", "๓", "〇"],
    "punctuation": list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["…", "—", "«", "»", "¿", "¡", "“",
                   "”", "‘", "’", "、", "。", "「", "」", "·", "§", "¶", "†", "...", "--", "://"],
    "symbols": ["±", "×", "÷", "≤", "≈", "∞", "∑", "√", "→", "⇔", "★", "☉", "⊕", "♀", "€", "£", "¥",
                "°", "′", "″", "µ", "𝛼", "𝐀", "█", "▁", "▁▁", "Ġ", "Ċ"],
    "space": [" ", " ", " ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", "\u00a0", "\u2003",
              "\u3000", "\u180e", "\u0085", "\u200b", "\u2028", "\u2029", "\u202f", "\u000b", "\f",
              " \n ", "\n \n", "        "],
    "control": ["\u0000", "\u0001", "\u0007", "\u0008", "\u001b", "\u007f", "\u0080", "\u009f",
                "\ufeff", "\u200e", "\u200f", "\u202a", "\u00ad", "\ufffd", "\ufffe", "\ue000",
                "\U000f0000", "\U0010ffff", "\u0378"],
    "contractions": ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'LL", "'Ve", "'\u017f",
                     "’s", "n't"],
    "special": ["<s>", "</s>", "<unk>", "<image>", "<image>\n", " <image> ", "<pad>", "<ima", "age>",
                "<0x41>", "<0x0A>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>",
                "<|start_header_id|>", "<|image|>", "<|im", "[INST]", "[/INST]", "[IMG]", "<<SYS>>",
                "<left>", "  <left>", "<right>  ", "<both>", " <both>\n", "single", "singles",
                "notsingle", "NORM", "Norm", "norm", "né", "ne\u0301", "two words", "tok", "token",
                "tokens"],
}
SEPARATORS = ["", "", "", " ", " ", " ", "  ", "\n", "\n\n", "\t", ", ", ". ", "'", "\u00a0"]


class Lcg:
    """Knuth's MMIX generator; the upper 31 bits."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFFFFFFFFFF

    def below(self, n):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) % n


def make_string(index, tables, separators):
    random = Lcg(0x5EED + index * 0x9E3779B97F4A7C15)
    out = []
    for segment in range(1 + random.below(7)):
        if segment:
            out.append(separators[random.below(len(separators))])
        table = tables[random.below(len(tables))]
        length = 1 + random.below(8)
        if random.below(400) == 0:
            length = 500
        for _ in range(length):
            out.append(table[random.below(len(table))])
    return "".join(out)


def corpus():
    random = Lcg(7)
    lines = []
    for _ in range(400):
        lines.append(SENTENCES[random.below(len(SENTENCES))])
        lines.append(" ".join(WORDS[random.below(len(WORDS))] for _ in range(12)))
        lines.append(str(random.below(100000)) + "\n\n  " + SENTENCES[random.below(len(SENTENCES))])
    return lines


def added(content, identity, special=True, **flags):
    token = {"id": identity, "content": content, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": special}
    token.update(flags)
    return token


def bos_template(bos, identity):
    return {"type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                     {"SpecialToken": {"id": bos, "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {bos: {"id": bos, "ids": [identity], "tokens": [bos]}}}


def sentencepiece_style():
    """A Llama-2 style model: characters and merges after <unk>, <s>, </s> and 256 byte tokens."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trained.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=900, limit_alphabet=140, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocab[f"<0x{byte:02X}>"] = 3 + byte
    for token in sorted(model["vocab"], key=model["vocab"].get):
        vocab.setdefault(token, len(vocab))
    merges = [list(m) for m in model["merges"]]
    # Words across spaces, as sentencepiece-style models without pre-tokeniser may have.
    for left, right in (("▁", "▁"), ("▁▁", "▁▁"), ("▁of", "▁the"), (",", "▁")):
        if left in vocab and right in vocab:
            vocab.setdefault(left + right, len(vocab))
            merges.append([left, right])
    return vocab, merges


SPM_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}


def document(**parts):
    base = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
            "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None}
    base.update(parts)
    return base


def bpe(vocab, merges, **options):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
             "ignore_merges": False, "vocab": vocab, "merges": merges}
    model.update(options)
    return model


def make_tokenizers():
    vocab, merges = sentencepiece_style()
    size = len(vocab)
    basic = [added("<unk>", 0), added("<s>", 1), added("</s>", 2), added("<image>", size),
             added("<pad>", size + 1)]
    legacy = document(
        added_tokens=basic,
        normalizer={"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        post_processor=bos_template("<s>", 1), decoder=SPM_DECODER,
        model=bpe(vocab, [" ".join(m) for m in merges], unk_token="<unk>", fuse_unk=True,
                  byte_fallback=True))
    trained = Tokenizer(models.BPE())
    llama3_split = {"type": "Split", "pattern": {"Regex":
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
        "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=1100, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    bytes_vocab = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
    # Whole words without merges, which ignore_merges finds.
    for word in ("Ġphotometry", "Ġ31337", "zzzz"):
        bytes_vocab[word] = len(bytes_vocab)
    n = len(bytes_vocab)
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>",
             "<|eot_id|>", "<|image|>"]
    llama3 = document(
        added_tokens=[added(t, n + i) for i, t in enumerate(names)],
        pre_tokenizer={"type": "Sequence", "pretokenizers": [llama3_split, byte_level]},
        post_processor={"type": "Sequence", "processors": [
            {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
            bos_template("<|begin_of_text|>", n)]},
        decoder={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        model=bpe(bytes_vocab, model["merges"], ignore_merges=True))
    metaspace = {"normalizer": None,
                 "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first",
                                   "split": False}}
    return {"llama2": legacy, "llama3": llama3}, metaspace, size, n


def make_variants(size, n):
    """Changes to the top level of one of the tokenisers."""
    regex = lambda pattern: {"Regex": pattern}
    split = lambda pattern, behavior, invert=False: {
        "type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}
    sequence = lambda *parts: {"type": "Sequence", "pretokenizers": list(parts)}
    meta = lambda scheme, cut: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}
    basic = [added("<unk>", 0), added("<s>", 1), added("</s>", 2), added("<image>", size)]
    odd = basic + [
        added("<left>", size + 1, lstrip=True), added("<right>", size + 2, rstrip=True),
        added("<both>", size + 3, lstrip=True, rstrip=True), added("single", size + 4, False, single_word=True),
        added("Norm", size + 5, False, normalized=True), added("né", size + 6, False, normalized=True),
        added("two words", size + 7, False, normalized=True), added("tok", size + 8, False),
        added("tokens", size + 9, False), added("▁▁", size + 10, False), added("[IMG]", size + 11, True, normalized=True)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    unicode_chain = {"type": "Sequence", "normalizers": [
        {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, {"type": "NFKC"},
        {"type": "Strip", "strip_left": True, "strip_right": True},
        {"type": "Replace", "pattern": regex(r"\s+"), "content": " "},
        {"type": "Replace", "pattern": regex(r"(\d)\d+"), "content": "#"}]}
    v = {}
    for scheme in ("always", "first", "never"):
        v[f"metaspace-{scheme}"] = {"base": "llama2", "normalizer": None, "pre_tokenizer": meta(scheme, True),
                                    "decoder": meta(scheme, True), "added_tokens": odd}
    v["added-normalised"] = {"base": "llama2", "added_tokens": odd}
    v["added-lowercase"] = {"base": "llama2", "added_tokens": odd,
                            "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]},
                            "pre_tokenizer": meta("first", False)}
    v["unicode"] = {"base": "llama2", "normalizer": unicode_chain, "pre_tokenizer": meta("always", True)}
    v["strip-first"] = {"base": "llama2", "normalizer": {"type": "Strip", "strip_left": True, "strip_right": False},
                        "pre_tokenizer": meta("first", False)}
    v["nfd"] = {"base": "llama3", "normalizer": {"type": "NFD"}}
    v["gpt2"] = {"base": "llama3", "pre_tokenizer": byte_level, "normalizer": {"type": "NFC"},
                 "post_processor": None}
    v["digits"] = {"base": "llama3", "pre_tokenizer": sequence(
        {"type": "Digits", "individual_digits": True}, {"type": "Punctuation", "behavior": "Contiguous"}, byte_level)}
    v["digits-runs"] = {"base": "llama3", "pre_tokenizer": sequence(
        {"type": "Digits", "individual_digits": False}, {"type": "Punctuation", "behavior": "MergedWithPrevious"},
        {**byte_level, "add_prefix_space": False, "use_regex": False})}
    v["whitespace"] = {"base": "llama3", "pre_tokenizer": sequence(
        {"type": "Whitespace"}, {**byte_level, "use_regex": False}), "decoder": None}
    v["whitespace-split"] = {"base": "llama2", "normalizer": None, "pre_tokenizer": {"type": "WhitespaceSplit"}}
    for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        v[f"split-{behavior}"] = {"base": "llama3", "pre_tokenizer": sequence(
            split(regex(r"[\s\d]|\w\p{M}"), behavior), {**byte_level, "add_prefix_space": False})}
    v["split-invert"] = {"base": "llama2", "normalizer": None, "pre_tokenizer": sequence(
        split(regex(r"\p{Lu}?\p{Ll}+|^\W+$"), "MergedWithNext", True), split({"String": "a"}, "Isolated"))}
    v["split-empty"] = {"base": "llama2", "normalizer": None, "pre_tokenizer": split(regex(r"x*\h?"), "Isolated")}
    v["qwen"] = {"base": "llama3", "normalizer": {"type": "NFC"}, "pre_tokenizer": sequence(
        split(regex(r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "Isolated"),
        {**byte_level, "add_prefix_space": False, "use_regex": False})}
    v["tekken"] = {"base": "llama3", "pre_tokenizer": sequence(
        split(regex(r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"), "Isolated"),
        {**byte_level, "add_prefix_space": False, "use_regex": False})}
    v["split-scripts"] = {"base": "llama3", "pre_tokenizer": sequence(
        split(regex(r"\p{Han}+|[\p{Greek}\p{Katakana}]+|\p{^L}"), "Isolated"),
        {**byte_level, "add_prefix_space": False, "use_regex": False})}
    v["byte-level-normaliser"] = {"base": "llama3", "normalizer": {"type": "ByteLevel"}, "pre_tokenizer": None,
                                  "added_tokens": [added("<image>", n, False, normalized=True),
                                                   added("né", n + 1, False, normalized=True)],
                                  "post_processor": None}
    unk = lambda **options: {"base": "llama2", "model": options}
    v["unk"] = unk(byte_fallback=False, fuse_unk=False)
    v["unk-fused"] = unk(byte_fallback=False, fuse_unk=True)
    v["no-unk"] = unk(byte_fallback=False, unk_token=None)
    return v


def encode_all(text, count, strings):
    tokenizer = Tokenizer.from_str(json.dumps(text))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    numbers, decoded, full = [], [], []
    for i, string in enumerate(strings[:count]):
        ids = tokenizer.encode(string, add_special_tokens=True).ids
        bare = tokenizer.encode(string, add_special_tokens=False).ids
        both = ids + [-1] + bare
        numbers.append(zlib.crc32(struct.pack(f"<{len(both)}i", *both)))
        if i < FULL:
            full.append(ids)
        if i < min(count, DECODED):
            plain = tokenizer.decode(ids, skip_special_tokens=False)
            skipped = tokenizer.decode(ids, skip_special_tokens=True)
            decoded.append(zlib.crc32((plain + "\0" + skipped).encode()))
    return numbers, decoded, full


def write(name, text, count, strings, keep_ids):
    numbers, decoded, full = encode_all(text, count, strings)
    texts = zlib.crc32("\0".join(strings[:count]).encode())
    values = [texts] + numbers + decoded
    (HERE / "checks" / name).write_bytes(struct.pack(f"<{len(values)}I", *values))
    if keep_ids:
        lines = ",\n".join(json.dumps(ids, separators=(",", ":")) for ids in full)
        (HERE / f"{name}.ids.json").write_text(f"[{lines}]\n")


def changed(base, changes):
    """As the test does it: keys replaced, the model's options merged."""
    result = copy.deepcopy(base)
    for key, value in changes.items():
        if key == "model":
            result["model"].update(value)
        elif key != "base":
            result[key] = value
    return result


def dump(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    tables = list(TABLES.values())
    (HERE / "checks").mkdir(exist_ok=True)
    dump(HERE / "tables.json", {"tables": tables, "separators": SEPARATORS})
    strings = [make_string(i, tables, SEPARATORS) for i in range(STRINGS)]
    tokenizers, metaspace, size, n = make_tokenizers()
    for name, text in tokenizers.items():
        dump(HERE / f"{name}.json", text)
        write(name, text, STRINGS, strings, True)
    variants = {"llama2-metaspace": {"base": "llama2", **metaspace}}
    variants.update(make_variants(size, n))
    dump(HERE / "variants.json", variants)
    for name, changes in variants.items():
        everything = name == "llama2-metaspace"
        write(name, changed(tokenizers[changes["base"]], changes),
              STRINGS if everything else VARIANT_STRINGS, strings, everything)


if __name__ == "__main__":
    main()
