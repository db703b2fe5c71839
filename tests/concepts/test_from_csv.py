"""CSV, TSV and plain text: rows of a name, and the line of every row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.concepts.entries import Entry, Remark
from audit.concepts.from_csv import parse_csv, parse_text, parse_tsv
from audit.curated.problems import Problem


def values(items):
    return [item.values for item in items]


def problems(text):
    found = []
    for item in parse_csv(text):
        found += [item] if isinstance(item, Problem) else item.problems()
    return [(problem.line, problem.text) for problem in found]


def test_column_may_be_repeated():
    text = "name,alias,alias,alias\na,b,,c\n"
    assert values(parse_csv(text)) == [{"name": "a", "aliases": ["b", "c"]}]


def test_rows_of_a_name_are_joined_whatever_its_spaces():
    text = "name,alias\nVan  Gogh,a\nVan Gogh,b\n"
    assert values(parse_csv(text)) == [{"name": "Van Gogh", "aliases": ["a", "b"]}]


def test_every_bad_row_is_told_with_its_line():
    text = f'name,alias,domain\n"a\nb",c,\nx,y,z,w\n\n,y,\na b,{"q" * 501},\na b,,faces\nv,,face\nv,,object\n'
    told = problems(text)
    assert [line for line, _ in told] == [4, 6, 7, 8, 10]
    assert told[0][1] == "4 cells, but the header has 3 columns"
    assert told[1][1] == "a concept without name"
    assert "longer than 500" in told[2][1]
    assert "Did you mean 'face'?" in told[3][1]
    assert told[4][1] == "'v' has two values of domain"


def test_every_unknown_column_is_told():
    assert [text.split(".")[0] for _, text in problems("name,alais,foo\na,b,c\n")] == [
        "unknown column 'alais'",
        "unknown column 'foo'",
    ]


def test_columns_without_header_may_be_empty_only():
    assert values(parse_csv("name,alias,,\na,b,,\n")) == [{"name": "a", "aliases": ["b"]}]
    assert problems("name,\na,b\n") == [(2, '"b" is in a column without header')]


def test_two_columns_of_one_value_must_agree():
    assert problems("domain,domain,name\nface,object,a\n") == [
        (2, 'domain is both "face" and "object"')
    ]


def test_unclosed_quote_is_told():
    assert len(problems('name\n"a\nb\n')) == 1


def test_commas_are_text_in_tab_separated_lists():
    assert values(parse_tsv("name\nMonet, Claude\n")) == [{"name": "Monet, Claude"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_once(end):
    text = end.join(["name;alias", "a;b, c", "", "d;e"])
    assert [(e.line, e.values["name"]) for e in parse_csv(text)] == [(2, "a"), (4, "d")]
    assert [e.line for e in parse_text(text)] == [1, 2, 4]


def test_form_feeds_and_unicode_separators_end_no_line():
    assert [e.line for e in parse_text("a\x0cb\nc\u2028d\ne")] == [1, 2, 3]


@given(st.text(st.sampled_from('na\n\r",;\t|#é\ufeff '), max_size=40), st.booleans())
def test_no_text_breaks_the_reader(text, with_header):
    for parse in (parse_csv, parse_tsv, parse_text):
        items = parse(f"name,alias\n{text}" if with_header else text)
        assert all(isinstance(item, Entry | Problem) for item in items)


PROMPTS = ",number,prompt,artist\n0,1,Art by Monet,Monet\n1,2,A Monet,Monet\n2,1,Art by Klee,Klee\n"


def test_names_may_be_called_artist_or_concept_where_nothing_is_called_name():
    for header in ("artist", "Concept"):
        assert values(parse_csv(f"{header},alias\na,b\n")) == [{"name": "a", "aliases": ["b"]}]
    assert problems("name,artist\na,b\n")[0][1].startswith("unknown column 'artist'")
    assert problems("artist,concept\na,b\n")[0][1].startswith("no column 'name'")


def test_table_of_something_else_is_not_guessed_at():
    told = problems(PROMPTS)
    assert [line for line, _ in told] == [1, 1]
    assert told[1][1].endswith("With --name-col artist, columns that are not known are not read.")


def test_column_of_the_names_can_be_given_and_what_is_not_read_is_told():
    remark, *entries = parse_csv(PROMPTS, "Artist")
    assert remark == Remark("columns that are not read: number, prompt, one without header")
    assert values(entries) == [{"name": "Monet"}, {"name": "Klee"}]
    remark, entry = parse_tsv("name\tlabel\talias\nx\ta\tb\n", "label")
    assert (remark.text, entry.values) == (
        "columns that are not read: name",
        {"name": "a", "aliases": ["b"]},
    )


def test_column_of_the_names_that_is_not_there_is_a_mistake():
    (problem,) = parse_csv(PROMPTS, "artists")
    assert problem.text.startswith("no column 'artists'. Did you mean 'artist'? The header is")
