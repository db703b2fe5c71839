"""Concept lists: every format, and errors with the line to mend."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.concepts import Concept, ConceptList, gather_concepts, read_concepts
from audit.errors import ConceptError

TOML = """\
# artists
domain = "art-style"

[[concept]]
name = "Vincent van Gogh"
aliases = ["Van Gogh", "梵高"]
exclude = ["Van Gogh Museum"]

[[concept]]
name = "Claude Monet"
domain = "object"
references = ["monet/1.jpg"]
owner = "nobody"
rights = "public domain"
"""


@pytest.fixture
def write(tmp_path):
    def write_text(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_text


def refused(path):
    with pytest.raises(ConceptError) as error:
        read_concepts(path)
    assert error.value.hint
    return error.value.message


def test_toml_is_read_with_defaults_and_lines(write):
    path = write("c.toml", TOML)
    van_gogh, monet = read_concepts(path)
    assert van_gogh.aliases == ("Van Gogh", "梵高")
    assert van_gogh.exclusions == ("Van Gogh Museum",)
    assert van_gogh.domain == "art-style"
    assert van_gogh.source == "c.toml:4"
    assert monet.domain == "object"
    assert monet.source == "c.toml:9"
    assert monet.references == (str(path.parent / "monet/1.jpg"),)
    assert (monet.owner, monet.rights) == ("nobody", "public domain")


def test_csv_joins_the_rows_of_a_name(write):
    path = write(
        "c.csv",
        '\ufeffName,alias,exclude,domain\nVan Gogh,Vincent,"Van Gogh Museum",art-style\n'
        '"Monet, Claude",Monet|C. Monet,,\nVan Gogh,V. van Gogh,,\n\n',
    )
    van_gogh, monet = read_concepts(path)
    assert van_gogh.aliases == ("Vincent", "V. van Gogh")
    assert van_gogh.exclusions == ("Van Gogh Museum",)
    assert van_gogh.domain == "art-style"
    assert monet.name == "Monet, Claude"
    assert monet.aliases == ("Monet", "C. Monet")
    assert monet.source == "c.csv:3"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_seen_in_the_header(write, delimiter):
    path = write("c.csv", f"name{delimiter}alias\nVan Gogh{delimiter}Vincent, the painter\n")
    assert read_concepts(path)[0].aliases == ("Vincent, the painter",)


@pytest.mark.parametrize(
    "text",
    [
        '[{"name": "Van Gogh", "aliases": ["Vincent"]}, {"name": "Monet"}]',
        '[["Van Gogh", ["Vincent"]], "Monet"]',
        '{"concepts": [{"name": "Van Gogh", "aliases": ["Vincent"]}, "Monet"]}',
    ],
)
def test_json_is_read_in_every_form(write, text):
    assert read_concepts(write("c.json", text)) == [
        Concept("Van Gogh", aliases=("Vincent",)),
        Concept("Monet"),
    ]


def test_text_is_a_name_a_line(write):
    path = write("c.txt", "# artists\nVan Gogh\n\n  Monet  \n")
    assert [(c.name, c.source) for c in read_concepts(path)] == [
        ("Van Gogh", "c.txt:2"),
        ("Monet", "c.txt:4"),
    ]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("c.toml", '[[concept]]\nname = "x"\nalias = ["y"]\n', ":3: unknown key 'alias'"),
        ("c.toml", '[[concept]]\nname = "x"\naliases = "y"\n', ":3: aliases must be a list"),
        ("c.toml", '[[concept]]\nname = "x"\n[[concept]]\naliases = ["y"]\n', ":3: a concept without name"),
        ("c.toml", '[[concept]]\nname = "x\n', ":2:"),
        ("c.toml", '[[concepts]]\nname = "x"\n', ":1: unknown key 'concepts'. Did you mean 'concept'?"),
        ("c.toml", '[[concept]]\nname = "x"\n\n[[concept]]\nname = "X"\n', ":4: 'X' is already defined on line 1"),
        ("c.toml", '[[concept]]\nname = "x"\ndomain = "faces"\n', "'faces' is not a domain"),
        ("c.toml", "", "holds no concepts"),
        ("c.csv", "title,alias\nx,y\n", ":1: no column 'name'. The header is 'title,alias'"),
        ("c.csv", "name,alais\nx,y\n", ":1: unknown column 'alais'. Did you mean 'alias'?"),
        ("c.csv", 'name,alias\n"a\nb",y\nx,y,z\n', ":4: 3 cells, but the header has 2 columns"),
        ("c.csv", "name,alias\n,y\n", ":2: a concept without name"),
        ("c.csv", "name,domain\nx,face\nx,object\n", ":3: 'x' has two values of domain"),
        ("c.csv", "name\n", "holds no concepts"),
        ("c.json", '[{"name": "x"},\n {"name": "y", "aliases": "z"}]', ":2: aliases must be a list"),
        ("c.json", '[\n{"name": "x"}\n{"name": "y"}]', ":3:1: Expecting ',' delimiter"),
        ("c.json", '[{"name": "x", "name": "y"}]', ":1: the key 'name' is given twice"),
        ("c.json", '{"name": "x"}', ":1: expected a list of concepts"),
        ("c.json", "[5]", ":1: a concept is an object with a name, not 5"),
        ("c.json", "[[5, []]]", ":1: name must be text, not 5"),
        ("c.txt", "# nothing\n", "holds no concepts"),
        ("c.txt", b"x\n\xff\n", ":2: byte 2 is not UTF-8"),
        ("c.txt", "x\ny\0z\n", ":2: holds a NUL byte"),
        ("c.xlsx", "x", "cannot be read from .xlsx"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_line(write, name, text, expected):
    path = write(name, text)
    message = refused(path)
    assert str(path) in message
    assert expected in message


def test_all_mistakes_of_a_file_are_told_at_once(write):
    path = write("c.toml", "".join(f'[[concept]]\nname = "n{i}"\nalias = []\n' for i in range(30)))
    lines = refused(path).splitlines()
    assert len(lines) == 21
    assert lines[1].startswith(f"{path}:6: ")
    assert lines[-1] == "… and 10 more problems"


def test_missing_file_gets_a_suggestion(write):
    path = write("concepts.toml", TOML)
    with pytest.raises(ConceptError) as error:
        read_concepts(path.with_name("concept.toml"))
    assert "Did you mean 'concepts.toml'?" in error.value.hint
    assert "cannot be read" in refused_folder(path.parent)


def test_format_given_goes_before_the_suffix(write):
    path = write("list", "name,alias\na,b\n")
    for given_format in ("csv", ".csv", "CSV"):
        assert read_concepts(path, given_format) == [Concept("a", aliases=("b",))]
    with pytest.raises(ConceptError, match=r"cannot be read from \.xml") as error:
        read_concepts(path, format="xml")
    assert ".toml, .csv" in error.value.hint


def test_folder_is_called_a_folder_even_without_suffix(tmp_path):
    assert "it is a folder" in refused(tmp_path)


def test_path_that_no_system_has_is_refused(tmp_path):
    assert "cannot be read" in refused(tmp_path / ("x" * 5000 + ".toml"))


def test_bytes_are_counted_from_the_start_of_the_file(write):
    assert ":1: byte 4 is not UTF-8" in refused(write("c.txt", b"\xef\xbb\xbfx\xff"))


def test_utf_16_is_recognised(write):
    with pytest.raises(ConceptError) as error:
        read_concepts(write("c.csv", "name\nx\n".encode("utf-16")))
    assert "UTF-16" in error.value.hint


@pytest.mark.parametrize("suffix", ["json", "toml"])
@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5_000])
def test_what_the_parsers_cannot_take_is_an_error_like_any_other(write, suffix, text):
    assert "cannot be read" in refused(
        write(f"c.{suffix}", f"x = {text}" if suffix == "toml" else text)
    )


def test_wrong_domain_has_the_line_of_its_key_and_a_suggestion(write):
    path = write("c.toml", '[[concept]]\nname = "x"\n\ndomain = "artstyle"\n')
    assert f"{path}:4: 'artstyle' is not a domain. Did you mean 'art-style'?" in refused(path)


def test_name_differing_in_case_only_is_a_second_definition(write):
    message = refused(write("c.csv", "name,alias\nMonet,a\nx,b\nMONET,c\n"))
    assert ":4: 'MONET' is already defined on line 2" in message


def test_newlines_in_names_become_spaces(write):
    assert read_concepts(write("c.json", '["Van\\n Gogh"]'))[0].name == "Van Gogh"
    assert "U+0007" in refused(write("d.json", '["a\\u0007b"]'))


def test_list_of_ten_thousand_concepts_is_read_in_one_pass(write):
    # Quadratic time, as it once was, took eight seconds here and minutes for ten times as many.
    text = "".join(f'[[concept]]\nname = "n{i}"\naliases = ["a{i}"]\n' for i in range(10_000))
    concepts = read_concepts(write("c.toml", text))
    assert concepts[-1].source == "c.toml:29998"


def refused_folder(folder):
    (folder / "list.toml").mkdir()
    return refused(folder / "list.toml")


names = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30).filter(
    lambda s: s.split() and not s.strip().startswith("#")
)
concepts = st.lists(
    st.tuples(names, st.lists(names, max_size=3)),
    min_size=1,
    max_size=8,
    unique_by=lambda c: " ".join(c[0].split()).casefold(),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(concepts)
def test_any_names_survive_every_format(write, listed):
    expected = [Concept(name, aliases=tuple(aliases)) for name, aliases in listed]
    records = [{"name": name, "aliases": aliases} for name, aliases in listed]
    assert read_concepts(write("c.json", json.dumps(records))) == expected
    if not any("|" in alias for _, aliases in listed for alias in aliases):
        for suffix, delimiter in (("csv", ","), ("csv", ";"), ("tsv", "\t")):
            table = io.StringIO(newline="")
            writer = csv.writer(table, delimiter=delimiter)
            writer.writerow(["name", "alias"])
            writer.writerows((n, a) for n, aliases in listed for a in (aliases or [""]))
            assert read_concepts(write(f"c.{suffix}", table.getvalue())) == expected
    toml = "".join(
        f"[[concept]]\nname = {_toml(r['name'])}\naliases = [{', '.join(map(_toml, r['aliases']))}]\n"
        for r in records
    )
    assert read_concepts(write("c.toml", toml)) == expected


def _toml(text: str) -> str:
    escaped = "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08X}" for c in text)
    return f'"{escaped}"'


def test_real_lists_are_read(test_data):
    concepts = read_concepts(test_data / "concepts" / "concepts_1000.json")
    assert len(concepts) == 1000
    assert all(concept.aliases for concept in concepts)


def test_list_says_itself_how_it_is_read(write):
    path = write("c.csv", "artist,born\nMonet,1840\n")
    told = []
    listed = gather_concepts((), concept_list=ConceptList(path, "artist", told.append))
    assert listed == [Concept("Monet")]
    assert told == [f"{path}: columns that are not read: born."]
    assert gather_concepts(["Klee"], concept_list=write("d.txt", "Monet\n")) == [
        Concept("Klee"),
        Concept("Monet"),
    ]


def test_list_without_columns_has_no_column_of_names(write):
    with pytest.raises(ConceptError, match="has no columns"):
        read_concepts(write("c.txt", "Monet\n"), name_column="artist")


def test_table_of_prompts_is_read_by_its_column_of_artists(test_data):
    path = test_data / "prompts" / "artists1734_prompts.csv"
    with pytest.raises(ConceptError, match="With --name-col artist"):
        read_concepts(path)
    artists = read_concepts(path, name_column="artist")
    assert len(artists) == 1734
    assert artists[0].name == "A.J.Casson"
