"""A curator's map: what it may say, what is refused, and that it is kept."""

from __future__ import annotations

import json

import pytest

from audit.errors import SourceError, UsageError
from audit.licenses.mapping import FILE_NAME, ValueReader, keep_map, kept_map, read_map


@pytest.fixture
def write_map(tmp_path):
    def write(text):
        path = tmp_path / "mine.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_value_means_what_the_curator_says(write_map):
    own = read_map(write_map("value,license,note\nhouse style,CC BY 4.0,letter of 2020\n"))
    read = ValueReader(own).read
    assert read("house style").license.id == "CC-BY-4.0"
    assert read(" house style ").license.id == "CC-BY-4.0"
    assert read("house style").rule == "mapped"
    assert "mine.csv, line 2, letter of 2020" in read("house style").reason
    assert read("House style").license.id == "NOASSERTION"
    assert read("CC0").rule != "mapped"


def test_a_known_value_can_be_doubted(write_map):
    own = read_map(write_map("value,license\nPublic domain,NOASSERTION\n"))
    assert ValueReader(own).read("Public domain").status == "unknown"


def test_a_known_value_gets_another_license_only_with_a_reason(write_map):
    with pytest.raises(UsageError, match="why not is missing in the column note"):
        read_map(write_map("value,license\nAll rights reserved,CC BY 4.0\n"))
    own = read_map(write_map("value,license,note\nAll rights reserved,CC BY 4.0,contract 12\n"))
    assert "contract 12" in ValueReader(own).read("All rights reserved").reason


def test_numbers_that_a_numbering_explains_are_passed_over_with_it(write_map):
    path = write_map("value,license\n9,CC0-1.0\nx,MIT\n")
    assert [entry.value for entry in read_map(path, "flickr").entries] == ["x"]
    assert [entry.value for entry in read_map(path).entries] == ["9", "x"]


def test_lines_without_license_or_that_change_nothing_are_passed_over(write_map):
    own = read_map(
        write_map(
            "column,value,samples,license,status\n"
            "license,CC0,5,CC0-1.0,public-domain\n"
            "license,odd,5,NOASSERTION,unknown\n"
            "license,blank,5,,unknown\n"
            'license,"=HYPERLINK(""x"")",5,All rights reserved,unknown\n'
        )
    )
    assert [(entry.value, entry.license) for entry in own.entries] == [
        ('=HYPERLINK("x")', "LicenseRef-all-rights-reserved")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("value,license\nx,free for all\n", "mine.csv:2: the license \"free for all\" is not known"),
        ("value,licence\nx,CC0\n", "there is no column 'license'"),
        ("value,license\nx,CC0\nx,MIT\n", 'mine.csv:3: "x" has another license in 2'),
        ("value,license\nCC0,CC0\n", "maps nothing"),
        ("value,license\n?,CC0\n", "says nothing, and cannot mean a license"),
        ("value,license\n,CC0\n", "says nothing, and cannot mean a license"),
        ("", "there is no column 'value'"),
        ('value,license\n"x,CC0\n', "is no CSV"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(write_map, text, told):
    with pytest.raises(UsageError) as caught:
        read_map(write_map(text))
    assert told in str(caught.value)


def test_a_map_is_kept_and_found_again(write_map, tmp_path):
    assert kept_map(tmp_path) is None
    own = keep_map(read_map(write_map("value,license\nx,CC0\n")), tmp_path)
    again = kept_map(tmp_path)
    assert again == own
    assert again.digest == own.digest
    assert again.kept


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.update(schema="audit.license.map/9"),
        lambda record: record["entries"][0].update(license="free for all"),
        lambda record: record.pop("entries"),
        lambda record: record.update(source=5),
        lambda record: record["entries"][0].update(value=None),
    ],
)
def test_a_damaged_map_is_never_left_out_in_silence(write_map, tmp_path, change):
    keep_map(read_map(write_map("value,license\nx,CC0\n")), tmp_path)
    path = tmp_path / FILE_NAME
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    with pytest.raises(SourceError, match="the map of licenses cannot be read"):
        kept_map(tmp_path)
