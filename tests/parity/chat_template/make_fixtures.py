#!/usr/bin/env python3
"""Renders chat templates with transformers, and small pieces of template with its environment.

    python3 make_fixtures.py          (transformers 5.23.0, Jinja2 3.1.6)

The templates in templates/ are our own, in the styles of published models. Writes cases.json: a
conversation and what each template makes of it (null where it raises), and snippets.json: pieces of
template and their output.
"""

import json
import pathlib

from transformers.utils.chat_template_utils import _compile_jinja_template, render_jinja_template

HERE = pathlib.Path(__file__).resolve().parent
IMAGE = {"type": "image"}


def text(s):
    return {"type": "text", "text": s}


def message(role, *parts):
    return {"role": role, "content": list(parts)}


CONVERSATIONS = {
    "one image": [message("user", IMAGE, text("What is this galaxy?"))],
    "text then image": [message("user", text("Classes: 0. round, 1. edge-on.\n"), IMAGE, text("\nAnswer:"))],
    "three images": [message("user", IMAGE, text("u view "), IMAGE, text("v view "), IMAGE, text("w view"))],
    "no image": [message("user", text("  Hello, {{ world }} {% raw %}  "))],
    "system": [message("system", text("You are an astronomer. ")), message("user", IMAGE, text("Describe."))],
    "turns": [message("user", IMAGE, text("First?")), message("assistant", text(" It is a spiral. ")),
              message("user", text("Second?"), IMAGE), message("assistant", text("Edge-on")),
              message("user", text("Third, with ünïcödé 銀河 🔭 and <s> [INST]"))],
    "system and turns": [message("system", text("Be brief.")), message("user", text("A")),
                         message("assistant", text("<think>hm</think>\n\nB")), message("user", IMAGE, text("C"))],
    "assistant first": [message("assistant", text("I begin."))],
    "unknown role": [message("critic", text("Hm."))],
    "empty content": [message("user")],
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def as_strings(conversation):
    return [{"role": m["role"], "content": "".join(p["text"] for p in m["content"])} for m in conversation]


def has_image(conversation):
    return any(p == IMAGE for m in conversation for p in m["content"])


def render(source, conversation, add_generation_prompt):
    try:
        return render_jinja_template([conversation], chat_template=source,
                                     add_generation_prompt=add_generation_prompt, **TOKENS)[0][0]
    except Exception:
        return None


def make_cases():
    cases = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        source = path.read_text()
        for name, conversation in CONVERSATIONS.items():
            for prompt in (True, False):
                cases.append({"template": path.name, "conversation": name, "prompt": prompt, "list": True,
                              "expected": render(source, conversation, prompt)})
                if not has_image(conversation):
                    cases.append({"template": path.name, "conversation": name, "prompt": prompt, "list": False,
                                  "expected": render(source, as_strings(conversation), prompt)})
    return {"tokens": TOKENS, "conversations": CONVERSATIONS, "cases": cases}


SNIPPETS = r"""
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }}
{{ 1.5 }} {{ 1e20 }} {{ 1e-7 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 123456789.125 }} {{ 1 / 3 }} {{ 5.0 // 2 }} {{ -5.5 % 2 }}
{{ 'a' ~ 1 ~ none ~ true ~ undefined_thing ~ 2.0 }}
{{ [1, 'two', 3.0, none, true, [4], (5,), {'k': 'v'}] }} {{ () }} {{ (1, 2) }} {{ {} }}
{{ 'it\'s' }} {{ ["it's", 'say "hi"', 'both \' and "', 'tab\t', 'nl\n', 'é', '\x00', '\u200b'] }}
{{ "double \"quoted\" \\ \n \x41 \u00e9 \101 \q" }} {{ 'one' 'two' }}
{{ 'abc'[0] }}{{ 'abc'[-1] }}{{ 'abc'[5] }}{{ 'héllo'[1:3] }}{{ 'abcdef'[::2] }}{{ 'abcdef'[::-1] }}{{ 'abcdef'[-2:] }}{{ 'abc'[5:] }}
{{ [1,2,3,4][1:] }} {{ [1,2,3,4][:-1] }} {{ [1,2,3,4][::-1] }} {{ [1,2,3][3:0:-1] }} {{ (1,2,3)[1:] }} {{ [1,2,3][-100:100] }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ [1,2] < [1,3] }} {{ 1 == 1.0 }} {{ 1 == true }} {{ '1' == 1 }} {{ none == none }}
{{ 'b' in 'abc' }} {{ 2 in [1,2] }} {{ 'k' in {'k': 1} }} {{ 3 not in [1,2] }} {{ 'x' in missing }} {{ not 1 in [2] }}
{{ 1 if true }}{{ 1 if false }}{{ 1 if false else 2 }}{{ 'a' if 0 else 'b' if 1 else 'c' }}
{{ true and 'x' }} {{ '' or 'y' }} {{ false or none }} {{ not '' }} {{ not [] }} {{ 0 and 1 }}
{% if messages %}yes{% else %}no{% endif %} {% if missing %}yes{% elif 1 %}elif{% else %}no{% endif %}
{% for i in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }};{% endfor %}
{% for i in [1,2,3,4,5] if i % 2 %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}
{% for i in [] %}x{% else %}empty{% endfor %} {% for i in [1] %}x{% else %}empty{% endfor %}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %} {% for k in {'a': 1} %}{{ k }}{% endfor %} {% for c in 'héy' %}{{ c }}.{% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in [1,2,3] %}{{ loop.previtem if not loop.first else '-' }}{{ loop.nextitem if not loop.last else '-' }}{{ loop.cycle('a','b') }}{{ loop.changed(i // 2) }} {% endfor %}
{% for i in range(2) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% set x = 1 %}{% for i in [1,2] %}{% set x = i + 10 %}{{ x }} {% endfor %}{{ x }}
{% set x = 1 %}{% for i in [1,2] %}{{ x }}{% set x = i + 10 %}{% endfor %}
{% set ns = namespace(a=1, b='x') %}{% for i in [1,2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}{{ ns['a'] }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}{% set t = 1, 2 %}{{ t }}
{% set x %}  block {{ 1 + 1 }} {% endset %}[{{ x }}]{% set y | trim | upper %}  up {% endset %}[{{ y }}]
{% if true %}{% set inside = 5 %}{% endif %}{{ inside }}
{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(1, c=9) }} {{ m(b=1, a=2) }}
{% macro m(a) %}[{{ a }}{{ caller('x') }}]{% endmacro %}{% call(y) m(1) %}body {{ y }}{% endcall %}
{% set outer = 'o' %}{% macro m() %}{{ outer }}{{ later }}{% endmacro %}{% set later = 'l' %}{{ m() }}
{% macro fact(n) %}{% if n <= 1 %}1{% else %}{{ n * fact(n - 1) | int }}{% endif %}{% endmacro %}{{ fact(5) }}
{% filter upper %}abc {{ 'd' }}{% endfilter %} {% with a = 1, b = 2 %}{{ a + b }}{% endwith %} {{ a is defined }}
{{ '  x '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ 'aBc'|upper }}{{ 'aBc'|lower }}{{ 'hello wORLD'|capitalize }}|{{ 'hello wORLD-foo (bar) it\'s'|title }}|{{ "it's a dog3cat".title() }}
{{ [1,2,3]|length }}{{ 'héé'|length }}{{ {'a':1}|count }}{{ missing|length }}
{{ ['a','b']|join }} {{ ['a','b']|join(', ') }} {{ [1,none,'x']|join('-') }} {{ [{'n':1},{'n':2}]|join('+', attribute='n') }} {{ 'abc'|join('.') }}
{{ 'aaa'|replace('a','b') }} {{ 'aaa'|replace('a','b',2) }} {{ 'aaa'.replace('a','b',1) }} {{ 'abc'.replace('','-') }} {{ 123|replace('2','x') }}
{{ [1,2]|first }}{{ [1,2]|last }}{{ []|first is defined }}{{ 'abc'|first }}{{ 'abc'|last }}
{{ missing|default('d') }} {{ ''|default('d') }} {{ ''|default('d', true) }} {{ none|default('d') }} {{ missing|d('e') }} {{ 0|d(5, boolean=true) }}
{{ {'a': [1, 2.5, none, true, "é\"\n\t\\/"], 'b': {}, 'c': []}|tojson }}
{{ {'a': [1, {'b': 2}], 'e': []}|tojson(indent=2) }}
{{ [1, 'é']|tojson(ensure_ascii=true) }} {{ {'b':1,'a':2}|tojson(sort_keys=true) }} {{ [1,2]|tojson(separators=(',',':')) }} {{ '\x7f\x01 </script>'|tojson }} {{ '🔭'|tojson(ensure_ascii=true) }}
{{ 'abc'|list }} {{ {'a':1,'b':2}|list }} {{ range(5)|list }} {{ range(5, 1, -2)|list }} {{ (1,2)|list }}
{{ 12|string + '3' }} {{ '42'|int + 1 }} {{ '4x'|int }} {{ '4x'|int(9) }} {{ '42.7'|int }} {{ 3.9|int }} {{ 'ff'|int(0, 16) }} {{ '1.5'|float }} {{ 'x'|float(2.5) }} {{ -3|abs }}
{{ 42.55|round }} {{ 42.55|round(1) }} {{ 42.55|round(1, 'floor') }} {{ 2.5|round }} {{ 42|round }}
{{ [{'r':'a','v':1},{'r':'b','v':2},{'v':3}]|selectattr('r','equalto','a')|list }} {{ [{'r':'a'},{'r':'b'}]|rejectattr('r','equalto','a')|list }}
{{ [{'r':1},{}]|selectattr('r')|list }} {{ [{'r':1},{}]|selectattr('r','defined')|list|length }} {{ [0,1,2]|select|list }} {{ [1,2,3]|select('odd')|list }} {{ [1,2,3]|reject('gt', 1)|list }}
{{ [{'a':{'b':1}},{'a':{'b':2}}]|map(attribute='a.b')|list }} {{ ['a','b']|map('upper')|join }} {{ [{'a':1},{}]|map(attribute='a', default=0)|list }} {{ [' a ']|map('trim')|list }} {{ [[1,2],[3,4]]|map(attribute=1)|list }}
{{ {'a':1,'b':2}|items|list }} {{ missing|items|list }} {{ ['b','A','b','a']|unique|list }} {{ ['b','B']|unique(true)|list }}
{{ [3,1,2]|sort }} {{ ['b','A','c']|sort }} {{ [3,1,2]|sort(reverse=true) }} {{ [{'n':2},{'n':1}]|sort(attribute='n') }} {{ {'b':1,'a':2}|dictsort }} {{ ['b','A']|sort(case_sensitive=true) }}
{{ [1,2,3]|reverse|list }} {{ 'abc'|reverse }} {{ [1,5,3]|max }}{{ [1,5,3]|min }}{{ [1,5,3]|sum }}
{{ 'a\nb\n\nc'|indent }}|{{ 'a\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(2, blank=true) }}|{{ 'a\nb'|indent('> ') }}
{{ '%s is %d%%' | format('x', 5) }} {{ '%s' % 'y' }} {{ 'a b c'|wordcount }}
{{ ' a b '.strip() }}|{{ '\n\na\n'.lstrip('\n') }}|{{ 'abc'.rstrip('c') }}|{{ 'a,b,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ 'a b c'.split(none, 1) }}
{{ 'abc'.startswith('a') }}{{ 'abc'.startswith(('x','ab')) }}{{ 'abc'.endswith('bc') }}{{ 'abc'.find('c') }}{{ 'abc'.find('z') }}{{ 'éabc'.find('c') }}{{ 'aXbX'.count('X') }}{{ 'ab'.upper() }}{{ 'AB'.lower() }}
{{ 'x'.join(['a','b']) }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.removeprefix('a').removesuffix('c') }} {{ '12'.isdigit() }}{{ 'a1'.isalpha() }}{{ 'a1'.isalnum() }} {{ 'a\nb\r\nc'.splitlines() }} {{ 'hELLO'.capitalize() }}
{{ {'a':1}.get('a') }}{{ {'a':1}.get('b') }}{{ {'a':1}.get('b', 2) }}{{ {'a':1}.keys()|list }}{{ {'a':1}.values()|list }}{{ {'items': 5}['items'] }}{{ {'x': {'y': 3}}.x.y }}
{{ [1,2,1].count(1) }}{{ [1,2].index(2) }} {{ {'a':1}.a }}{{ {'a':1}['a'] }}{{ {1:'one'}[1] }}{{ {1:'one'}[true] }}{{ messages[0].role }}{{ messages[0]['role'] }}{{ messages.0.role }}
{{ missing is defined }}{{ missing is undefined }}{{ none is none }}{{ 1 is number }}{{ true is number }}{{ 1.5 is float }}{{ 1 is integer }}{{ true is integer }}{{ true is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}
{{ 'a' is string }}{{ {} is mapping }}{{ [] is mapping }}{{ [] is sequence }}{{ 'a' is sequence }}{{ {} is sequence }}{{ 1 is sequence }}{{ [] is iterable }}{{ 1 is iterable }}{{ missing is iterable }}{{ none is iterable }}{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(2) }}
{{ 1 is eq 1 }}{{ 1 is ne 2 }}{{ 1 is lt 2 }}{{ 1 is in [1] }}{{ 1 is not in [1] }}{{ 'a' is lower }}{{ 'A' is upper }}{{ range is callable }}{{ 1 is sameas 1 }}{{ 'upper' is filter }}{{ 'x' is not defined }}
{{ 'a' is not string }} {{ messages is not none and messages is iterable }} {{ missing is not defined or missing.x }} {{ -1 is number }} {{ 1 + 1 is number }} {{ ('a' ~ 'b') is string }}
a {#- comment -#} b {# comment #} c
a  {%- if true -%}  b  {%- endif -%}  c {{- ' d ' -}} e
{% raw %}{{ not rendered }} {% x %}{% endraw %} {%- raw -%}  y  {%- endraw -%} z
{{ [1, 2][0] }}{{ 'x' * 3 }}{{ 3 * 'y' }}{{ [1] * 2 }}{{ [1] + [2] }}{{ (1,) + (2,) }}{{ 'a' + 'b' }}
{{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ dict([('k', 'v')]) }} {{ namespace is defined }} {{ {'a': 1} == dict(a=1) }}
{{ add_generation_prompt }} {{ tools is none }} {{ tools }} {{ documents is defined }} {{ bos_token }} {{ messages|length }}
{% generation %}gen {% set z = 1 %}{% endgeneration %}{{ z is defined }}
{{ '' if messages[0].content is string else messages[0].content | map(attribute='type') | join(',') }}
{%- for m in messages %}{{ loop.index }}{{ '!' if loop.last }}{% endfor -%}
{{ messages[-1].content[-1].text.split('?')[0] | lower }} {{ messages | map(attribute='role') | list }}
{{ 'ΑΣ'.lower() }} {{ 'straße'.upper() }} {{ 'İ'.lower()|length }} {{ 'ǆ'.title() }} {{ 'ﬁ'|upper }} {{ 'élan vital'|title }}
{{ 1_000 }} {{ 10 // 3.0 }} {{ 1 == 1 and 2 != 3 or false }} {{ (1 if 0) is undefined }} {{ "a" "b" ~ 'c' }} {{ 1.0 }} {{ 100000000000000000000.0 }} {{ -0.0 }}
{{ {'a': none, 'b': undefined_x is defined} }} {{ [true, false] | tojson }} {{ {1: 2, none: 3, true: 4} | tojson }} {{ 3.0 | tojson }} {{ 1e100 | tojson }}
{% set x = messages | selectattr('role', 'eq', 'user') | list %}{{ x | length }}{% set x = x[0:1] + x %}{{ x | length }}
{% for x in [[1, 2], [3]] %}{% for y in x %}{{ y }}{% if not loop.last %},{% endif %}{% endfor %}{% if not loop.last %};{% endif %}{% endfor %}
{% print 1 + 1 %} {{ 'a'|default }} {{ [[1,2],[3]]|sum(start=[]) }} {{ (('a'))|upper }} {{ [1,2,3,]|length }}
{{ {'a': 1,} }} {{ range(3) is iterable }} {{ messages[99] is defined }} {{ messages[0].nothing is defined }} {{ messages[0].nothing }}
{{ ["a", "b"] | map("replace", "a", "z") | list }} {{ {"x": 1} | attr("items") is callable }} {{ [1, 2] | string }} {{ none | string }} {{ 5 | safe }}
{{ '{:}' }} {{ '}}' }} {{ '{%' }} {{ "%}" }} {% if '%}' == '%}' %}ok{% endif %}
{{ missing.x }}
{{ missing() }}
{{ missing + 1 }}
{{ 'a' + 1 }}
{{ 1 / 0 }}
{{ none.x.y }}
{{ [1].append(2) }}
{{ {}.update({}) }}
{{ [].pop() }}
{{ ''.__class__ }}x
{{ ''.__class__.__mro__ }}
{{ raise_exception('boom') }}
{{ 1 | nosuchfilter }}
{{ 1 is nosuchtest }}
{{ 5 | length }}
{% for x in 5 %}{% endfor %}
{{ [1] < ['a'] }}
{{ messages | tojson | length > 0 }} {{ missing | tojson }}
{% set a, b = [1] %}
{% set x.y = 1 %}
{% set ns = namespace() %}{% set ns._x = 1 %}
{{ range(1000000) }}
{{ 1 + }}
{{ (1 }}
{% if %}{% endif %}
{% if true %}
{% endif %}
{% nosuchtag %}
{% for x in y %}{% endif %}
{{ 'unterminated }}
{# unterminated
{{ a b }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}{{ m(z=1) }}
{{ loop.index }}
{% break %}
""".strip("\n").split("\n")

MULTILINE = [
    "{% for i in [1,2] %}\n  line {{ i }}\n{% endfor %}\nend\n",
    "  {% if true %}\n    indented\n  {% endif %}\nafter",
    "a\n  {%+ if true %}\n b\n  {%- endif +%}\n c\n\n",
    "{{ 1 }}\n{{ 2 }}\n\n",
    "x {# c #}\ny\n   {# d #}\nz {#- e -#}\n  w",
    "{%- set x = [\n  1,\n  2\n] -%}\n{{ x }}\r\nwindows\rmac",
    "\n\n{% if true -%}\n\n  x\n\n{%- endif %}\n\ny",
    "{% raw %}\n {{ x }}\n{% endraw %}\nz",
    "   {{ 'var' }}   \n   {% set a = 1 %}   \n{{ a }}",
    "text {% if true %} same line {% endif %} more\n\t{% if 1 %}tab{% endif %}\n",
    "{% set x %}\nline1\n  line2\n{% endset %}\n[{{ x }}]",
    "{{ \"multi\nline\" }}",
    "\u2003{% if true %}em space{% endif %}\n\u00a0{% if true %}nbsp{% endif %}",
]


def make_snippets():
    out = []
    messages = CONVERSATIONS["turns"]
    for source in SNIPPETS + MULTILINE:
        out.append({"source": source, "expected": render(source, messages, True)})
    return {"tokens": TOKENS, "messages": messages, "snippets": out}


def dump(name, value):
    (HERE / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    _compile_jinja_template("")
    dump("cases.json", make_cases())
    dump("snippets.json", make_snippets())
