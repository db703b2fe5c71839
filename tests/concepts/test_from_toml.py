"""TOML lists: the line of every table and key, whatever stands between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.concepts.entries import Entry
from audit.concepts.from_toml import parse_toml
from audit.curated.problems import Problem


def places(text):
    return [(e.line, dict(e.lines)) for e in parse_toml(text) if isinstance(e, Entry)]


def problems(text):
    found = []
    for item in parse_toml(text):
        found += [item] if isinstance(item, Problem) else item.problems()
    return [(problem.line, problem.text) for problem in found]


def test_headers_inside_texts_and_comments_are_no_headers():
    text = '''\
# [[concept]]
[[concept]]
name = "a" # [[concept]]
rights = """
[[concept]]
name = "no"
"""
owner = \'\'\'
alais = 1 \'\'\'\'\'

[[ "concept" ]] # the second
aliases = [
  "[[concept]]", # ]
  """
exclude = []""""",
]
name = "b"
'''
    first, second = places(text)
    assert first == (2, {"name": 3, "rights": 4, "owner": 8})
    assert second == (11, {"aliases": 12, "name": 17})


def test_quoted_dotted_and_nested_keys_have_their_lines():
    text = '[[concept]]\n"n\\u0061me" = "a"\nowner.x = 1\n[concept.rights]\nname = 1\n[[concept]]\nname = "b"\n'
    assert places(text) == [(1, {"name": 2, "owner": 3, "rights": 4}), (6, {"name": 7})]
    assert [line for line, _ in problems(text)] == [3, 4]


def test_windows_line_ends_count_once():
    assert places('\r\n[[concept]]\r\nname = "a"\r\n') == [(2, {"name": 3})]


def test_inline_tables_are_reported_at_the_line_of_their_list():
    text = '# x\nconcept = [\n {name = "a"},\n {name = "b", alais = 1}]\n'
    assert problems(text) == [(2, "unknown key 'alais'. Did you mean 'aliases'?")]


def test_wrong_default_is_told_once_where_it_stands():
    text = '\nowner = "o"\ndomain = "faces"\n[[concept]]\nname = "a"\n[[concept]]\nname = "b"\n'
    assert [line for line, _ in problems(text)] == [3]
    assert [e.values["owner"] for e in parse_toml(text) if isinstance(e, Entry)] == ["o", "o"]


def test_unknown_key_is_reported_with_its_line_and_a_suggestion():
    assert problems('domian = "face"\n[[concept]]\nname = "a"\n\nalais = []\n[extra]\n') == [
        (1, "unknown key 'domian'. Did you mean 'domain'?"),
        (6, "unknown key 'extra'. Expected [[concept]] and defaults for domain, owner, rights."),
        (5, "unknown key 'alais'. Did you mean 'aliases'?"),
    ]


@pytest.mark.parametrize("text", ["concept = 5", "[concept]\nname = 'a'", "concept = ['a']"])
def test_concepts_that_are_no_tables_are_refused(text):
    assert problems(text) == [(1, "write [[concept]]")]


def test_syntax_errors_have_line_and_column():
    (problem,) = parse_toml('[[concept]]\nname = x"\n')
    assert problem.place == "2:8"


pieces = st.sampled_from(
    ["[[concept]]", "[concept.a]", "name", "'", '"', "'''", '"""', "\\", "\n", "\n", "\r\n", "=", " = ", "[", "]", "{", "}", ",", "#", "x", "é", ".", "1"]
)  # fmt: skip


@given(st.lists(pieces, max_size=25).map("".join))
def test_no_text_breaks_the_reader(text):
    for head in ("", "[[concept]]\n", "x = "):
        assert all(isinstance(item, Entry | Problem) for item in parse_toml(head + text))


texts = st.text(st.sampled_from("[]{}=#,\n\"' concept\\é"), max_size=30)


def _basic(text):
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text) + '"'


def _long_basic(text):
    return '"""\n' + text.replace("\\", "\\\\").replace('"""', '""\\"') + ' """'


def _long_literal(text):
    return "'''\n" + text.replace("'''", "") + " '''"


values = st.builds(
    lambda write, text: write(text), st.sampled_from([_basic, _long_basic, _long_literal]), texts
)


@given(st.lists(st.tuples(values, st.lists(values, max_size=3), texts), max_size=5))
def test_every_table_and_key_has_its_line_whatever_the_texts_hold(concepts):
    text, expected = "", []
    for rights, aliases, comment in concepts:
        text += "# " + comment.replace("\n", "[[concept]]") + "\n"
        line = text.count("\n") + 1
        text += f"[[concept]] # {line}\nrights = {rights}\n"
        aliases_line = text.count("\n") + 1
        text += "aliases = [\n" + "".join(f"{alias}, # ]\n" for alias in aliases) + "]\n"
        expected.append((line, {"rights": line + 1, "aliases": aliases_line}))
    assert places(text) == expected
