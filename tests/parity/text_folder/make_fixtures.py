#!/usr/bin/env python3
"""Loads small folders with AutoTokenizer and records ids, special tokens and the chat template.

    python3 make_fixtures.py          (transformers 5.23.0, tokenizers 0.23.3)

The tokenisers are those of ../tokenizer, so its script runs first. Writes folders.json: the files
of each folder ({"base": NAME, "changes": {...}} stands for a tokenizer.json of that folder with
keys replaced) and what the reference makes of it.
"""

import json
import os
import pathlib
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"

from transformers import AutoTokenizer, LlavaProcessor  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STRINGS = ["Hello world", " <s>Hello <image> the galaxy</s> <pad>", "a<extra>b <named> c", "  two  spaces ", "",
           "<left> x  <left>y", "né Norm <unk>", "USER: <image>\nWhat? ASSISTANT:", "<|eot_id|><|image|> don't 12345",
           "x<sep>y<mask> z", "new tokens <new1><new2>"]
TOKEN = {"lstrip": False, "rstrip": False, "normalized": False, "single_word": False}


def token(content, **flags):
    return {**TOKEN, "special": True, "content": content, **flags}


def base(name, **changes):
    return {"base": name, "changes": changes}


def config(model_type):
    return {"model_type": model_type}


def folders():
    size = json.loads((HERE.parent / "tokenizer" / "llama2.json").read_text())["added_tokens"][3]["id"]
    jinja = "{{ bos_token }}{% for m in messages %}{{ m.role }}{% endfor %}"
    out = {}
    out["plain"] = {"config.json": config("llava"), "tokenizer.json": base("llama2")}
    out["published llava"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {
            "tokenizer_class": "LlamaTokenizer", "add_bos_token": False, "add_eos_token": True, "legacy": False,
            "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>",
            "added_tokens_decoder": {"0": token("<unk>"), "1": token("<s>"), "2": token("</s>"),
                                     str(size): token("<image>"), str(size + 1): token("<pad>")},
            "chat_template": "from tokenizer_config"},
        "special_tokens_map.json": {"bos_token": token("<not-read>")},
        "chat_template.json": {"chat_template": "from chat_template.json"}}
    out["written by version 5"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"), "chat_template.jinja": jinja,
        "tokenizer_config.json": {
            "tokenizer_class": "TokenizersBackend", "backend": "tokenizers", "is_local": True,
            "bos_token": "<s>", "eos_token": "</s>", "image_token": "<image>", "unk_token": "<unk>",
            "model_specific_special_tokens": {"image_token": "<image>"}, "extra_special_tokens": []},
        "processor_config.json": {"processor_class": "LlavaProcessor", "patch_size": 14}}
    out["both template files"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"), "chat_template.jinja": "from jinja",
        "chat_template.json": {"chat_template": "from json"}}
    out["template in processor_config"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"), "chat_template.jinja": "from jinja",
        "processor_config.json": {"chat_template": "from processor_config"}}
    out["named templates"] = {
        "config.json": config("llava_next"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"bos_token": "<s>", "chat_template": [
            {"name": "tool_use", "template": "tools"}, {"name": "default", "template": "the default"}]}}
    out["redefined and new tokens"] = {
        "config.json": config("llava_next"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {
            "tokenizer_class": "LlamaTokenizerFast", "bos_token": {**token("<s>"), "__type": "AddedToken"}, "eos_token": "</s>",
            "pad_token": "<unk>", "sep_token": "<sep>", "image_token": "<image>", "fancy_token": "<named>",
            "extra_special_tokens": ["<extra>", "<s>"],
            "added_tokens_decoder": {
                "0": token("<unk>"), "1": token("<s>"), "2": token("</s>", special=False),
                str(size): token("<image>", lstrip=True, rstrip=True),
                str(size + 5): token("<left>", lstrip=True, special=False, normalized=True),
                str(size + 4): token("<new1>", special=False), str(size + 9): token("<new2>")}}}
    out["legacy files"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "pad_token": "<ignored>"},
        "special_tokens_map.json": {"bos_token": token("<s>"), "eos_token": "</s>", "pad_token": "<pad>",
                                    "mask_token": token("<mask>", lstrip=True),
                                    "additional_special_tokens": ["<extra>"]},
        "added_tokens.json": {"<new1>": size + 2, "<mask>": size + 3}}
    out["special tokens as text"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"split_special_tokens": True, "bos_token": "<s>"}}
    out["no post-processor"] = {
        "config.json": config("llava"), "tokenizer.json": base("llama2", post_processor=None),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "bos_token": "<s>",
                                  "eos_token": "</s>"}}
    out["padding and truncation"] = {
        "config.json": config("llava"),
        "tokenizer.json": base("llama2", truncation={"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
                               padding={"strategy": {"Fixed": 16}, "direction": "Left", "pad_to_multiple_of": None,
                                        "pad_id": 0, "pad_type_id": 0, "pad_token": "<unk>"})}
    out["mllama"] = {
        "config.json": config("mllama"), "tokenizer.json": base("llama3"), "chat_template.json": {"chat_template": jinja},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>",
                                  "eos_token": "<|eot_id|>", "pad_token": "<|finetune_right_pad_id|>",
                                  "clean_up_tokenization_spaces": True, "model_input_names": ["input_ids"]}}
    out["mllama, llama class, byte level"] = {
        "config.json": config("mllama"), "tokenizer.json": base("llama3"),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "bos_token": "<|begin_of_text|>"}}
    out["mllama, llama class"] = {
        "config.json": config("mllama"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "pad_token": "<pad>"}}
    out["llama, legacy"] = {
        "config.json": config("llama"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizerFast", "legacy": True,
                                  "added_tokens_decoder": {"1": token("<s>", normalized=True)}}}
    out["llama, no prefix space"] = {
        "config.json": config("llama"), "tokenizer.json": base("llama2"),
        "tokenizer_config.json": {"tokenizer_class": "LlamaTokenizer", "add_prefix_space": False}}
    return out


def write_folder(folder, files):
    for name, content in files.items():
        if isinstance(content, dict) and "base" in content:
            document = json.loads((HERE.parent / "tokenizer" / f"{content['base']}.json").read_text())
            document.update(content["changes"])
            content = document
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / name).write_text(text)


def describe(folder):
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    texts = []
    for string in STRINGS:
        ids = tokenizer(string)["input_ids"] if tokenizer.padding_side else []
        texts.append({"text": string, "ids": ids,
                      "bare": tokenizer(string, add_special_tokens=False)["input_ids"],
                      "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    template = LlavaProcessor.get_processor_dict(str(folder))[0].get("chat_template") or tokenizer.chat_template
    if isinstance(template, dict):
        template = template["default"]
    return {"class": type(tokenizer).__name__, "special_tokens": tokenizer.special_tokens_map,
            "chat_template": template, "texts": texts}


def main():
    result = []
    for name, files in folders().items():
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            write_folder(folder, files)
            result.append({"name": name, "files": files, "expected": describe(folder)})
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) for entry in result)
    (HERE / "folders.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
