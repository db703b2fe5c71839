"""Tables of scores: what they may look like, what becomes of them, and what is refused."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections import defaultdict
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import ColumnError, UsageError
from audit.scores.results import ConceptScore, ScoreResult, ScoreSettings
from audit.thresholds.reading import ScoreColumns, read_scores

PLAIN = "concept,count,score\nvan Gogh,1200,0.5\nMonet,30,0.25\n"
PROMPTS = "concept,count,score,prompt\na,5,1,p\na,5,2,q\na,5,6,r\nb,7,0.5,p\n"


@pytest.fixture
def write(tmp_path):
    def write_table(content, name="scores.csv"):
        path = tmp_path / name
        if isinstance(content, pl.DataFrame):
            content.write_parquet(path)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_table


def plain(series):
    """All that a series says, as values that can be compared."""
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in vars(series).items()
    }


def refused(path, columns=None, kind=UsageError, **chosen):
    with pytest.raises(kind) as error:
        read_scores(path, columns or ScoreColumns(), **chosen)
    assert error.value.hint
    return error.value


# --- What may be read ---------------------------------------------------------------------------


def test_a_row_a_concept(write):
    series = read_scores(write(PLAIN))
    assert series.concepts == ("Monet", "van Gogh")
    assert series.counts.tolist() == [30, 1200]
    assert series.scores.tolist() == [0.25, 0.5]
    assert series.images.tolist() == [1, 1]
    assert (series.image_variance, series.domain, series.model) == (None, None, None)
    assert (series.left_out, series.images_left_out) == ((), 0)
    assert not series.has_count_intervals


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\ufeff" + PLAIN,
        PLAIN.replace("\n", "\n\n"),
        PLAIN + ",,\n",
        PLAIN.rstrip("\n"),
        PLAIN.replace("concept,count,score", " Concept ,COUNT,Score"),
        PLAIN.replace("1200", " 1200.0 ").replace("30", "+3e1").replace("0.25", ".25"),
        PLAIN.replace("van Gogh", '"  van Gogh "'),
        'other,score,"count",concept\n"x\ny",0.5,1200,van Gogh\n,0.25,30,Monet\n',
    ],
)  # fmt: skip
def test_one_table_in_many_spellings(write, text):
    assert plain(read_scores(write(text))) == plain(read_scores(write(PLAIN, "plain.csv")))


def test_a_file_by_its_suffix(write):
    expected = plain(read_scores(write(PLAIN)))
    # A comma in a name is no mark of a table with tabs.
    text = PLAIN.replace(",", "\t").replace("concept\t", "concept,a,b,c,d\t")
    columns = ScoreColumns(concept="concept,a,b,c,d")
    assert plain(read_scores(write(text, "scores.tsv"), columns)) == expected
    assert plain(read_scores(str(write(PLAIN, "SCORES.CSV")))) == expected
    frame = pl.DataFrame(
        {"concept": ["van Gogh", "Monet"], "count": [1200, 30], "score": [0.5, 0.25]}
    )
    assert plain(read_scores(write(frame, "scores[1].parquet"))) == expected


@pytest.mark.parametrize(
    ("counts", "scores"),
    [
        (pl.Series([1200, 30], dtype=pl.UInt16), pl.Series([0.5, 0.25], dtype=pl.Float32)),
        (pl.Series([1200.0, 30.0]), pl.Series([Decimal("0.50"), Decimal("0.25")])),
        (pl.Series([Decimal("1200.0"), Decimal("30.0")]), pl.Series(["0.5 ", "2.5e-1"])),
        (pl.Series(["1.2e3", "30"], dtype=pl.Categorical), pl.Series([0.5, 0.25])),
    ],
)
def test_parquet_of_any_numbers(write, counts, scores):
    names = pl.Series([" van Gogh\x1f", "Monet"])
    path = write(pl.DataFrame({"concept": names, "count": counts, "score": scores}), "t.parquet")
    assert plain(read_scores(path)) == plain(read_scores(write(PLAIN)))


def test_names_are_kept_as_they_are(write):
    names = ["=1+1", "@cmd", "\x1b[31mred", "a\nb", "Zoë", "zoë", "梵高", "a|b", "row 1"]
    out = io.StringIO()
    csv.writer(out).writerows([("concept", "count", "score"), *((n, 7, 0.5) for n in names)])
    assert read_scores(write(out.getvalue())).concepts == tuple(sorted(names))


def test_other_names_of_columns_in_any_case(write):
    text = "Artist,n,lo,hi,sim,kind,by,template\nx,5,4,9,1,face,m,p\nx,5,4,9,2,face,m,q\n"
    columns = ScoreColumns("ARTIST", "N", "sim", "Lo", "hi", "Kind", "BY", ("Template",))
    series = read_scores(write(text), columns)
    assert (series.concepts, series.domain, series.model) == (("x",), "face", "m")
    assert (series.scores.tolist(), series.images.tolist()) == ([1.5], [2])
    assert (series.count_low.tolist(), series.count_high.tolist()) == ([4], [9])


def test_each_row_may_be_a_concept_of_its_own(write):
    text = "participant,bucket_min_count,score,image\nP1,9,0,x\nP1,6,1,x\n\nP2,9,1,y\nP3,,1,y\n"
    series = read_scores(write(text), ScoreColumns(concept=None, count="bucket_min_count"))
    assert series.concepts == ("row 2", "row 1", "row 3")
    assert series.counts.tolist() == [6, 9, 9]
    assert series.scores.tolist() == [1, 0, 1]
    assert series.left_out == (("the count is unknown", 1),)


def test_intervals_of_counts(write):
    text = "concept,count,score,count_low,count_high\na,10,1,8.5,20\nb,11,1,,\nc,12,1,12,12\n"
    series = read_scores(write(text))
    assert series.count_low.tolist() == [8.5, 11, 12]
    assert series.count_high.tolist() == [20, 11, 12]
    assert not read_scores(write(PLAIN.replace("score\n", "score,count_low,count_high\n")
                                 .replace("5\n", "5,,\n"))).has_count_intervals  # fmt: skip


def test_a_count_that_was_rounded_is_in_its_interval(write):
    # `audit score` rounds counts, and not their ends.
    text = "concept,count,score,count_low,count_high\na,10,1,10.4,20\nb,11,1,5,10.5\n"
    series = read_scores(write(text))
    assert series.count_low.tolist() == [10, 5]
    assert series.count_high.tolist() == [20, 11]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_audit_score_writes(write, kind):
    scores = (
        ConceptScore("a", "face", 10, (8.0, 12.0), 0.5, (0.4, 0.6), generated=5),
        ConceptScore("b", "face", 3, None, None, reason="4 training images, 10 are needed"),
        ConceptScore("c", "face", None, None, 0.25),
        ConceptScore("d", "face", 0, None, 0.125, prompts={"p": 0.125}),
    )
    frame = ScoreResult(scores, ScoreSettings(), models=("tiny", "other")).to_polars()
    path = write(frame.write_csv() if kind == "csv" else frame, f"s.{kind}")
    series = read_scores(path)
    assert (series.concepts, series.scores.tolist()) == (("d", "a"), [0.125, 0.5])
    assert (series.count_low.tolist(), series.count_high.tolist()) == ([0, 8], [0, 12])
    assert (series.domain, series.model) == ("face", "tiny, other")
    assert series.left_out == (
        ("4 training images, 10 are needed", 1),
        ("the count is unknown", 1),
    )


# --- Several rows of a concept ------------------------------------------------------------------


def test_prompts_of_a_concept_become_their_mean(write):
    series = read_scores(write(PROMPTS))
    assert (series.concepts, series.scores.tolist()) == (("a", "b"), [3, 0.5])
    assert series.images.tolist() == [3, 1]
    assert series.image_variance == pytest.approx(statistics.variance([1, 2, 6]) / 3)


def test_images_count_within_their_prompt(write):
    # Prompt p has three images, q two: a mean over prompts, not over images.
    rows = [("p", 1, 0.0), ("p", 2, 1.0), ("p", 3, 5.0), ("q", 1, 10.0), ("q", 2, 12.0)]
    text = "concept,count,score,image,prompt\n" + "".join(f"a,5,{s},{i},{p}\n" for p, i, s in rows)
    series = read_scores(write(text))
    assert series.scores.tolist() == [(2 + 11) / 2]
    assert series.images.tolist() == [5]
    within = statistics.variance([0, 1, 5]) / 3 + statistics.variance([10, 12]) / 2
    assert series.image_variance == pytest.approx(within / 4)


def test_with_one_image_a_prompt_the_prompts_are_what_varies(write):
    text = PROMPTS.replace(",prompt", ",prompt,seed").replace("p\n", "p,1\n")
    text = text.replace("q\n", "q,2\n").replace("r\n", "r,3\n")
    assert plain(read_scores(write(text))) == plain(read_scores(write(PROMPTS, "b.csv")))


def test_the_variance_of_images_is_that_of_the_means_when_images_are_drawn_again(write):
    rng = np.random.default_rng(5)
    prompts = np.array([0.0, 0.3, 0.6])
    drawn = prompts[:, None] + rng.normal(0, 0.1, (4_000, 3, 4))
    truth = drawn.mean(axis=(1, 2)).var()
    frame = pl.DataFrame(
        {
            "concept": np.repeat(np.arange(4_000), 12),
            "count": 5,
            "prompt": np.tile(np.repeat(["p", "q", "r"], 4), 4_000),
            "image": np.tile(np.arange(4), 12_000),
            "score": drawn.ravel(),
        }
    )
    series = read_scores(write(frame, "t.parquet"))
    assert series.image_variance == pytest.approx(truth, rel=0.05)
    assert series.scores.std() ** 2 == pytest.approx(truth, rel=1e-9)


def test_unknown_images_are_left_out_and_counted(write):
    text = (
        "concept,count,score,image,reason\n"
        "a,5,1,1,\na,5,3,2,\na,5,,3,no face\n"
        "b,5,,1,no face\nb,5,,2,no face\nb,5,,3,black\n"
        "c,,1,1,\n"
        "d,5,,1,\n"
        "e,5,,1,no face\n"
    )
    series = read_scores(write(text))
    assert (series.concepts, series.scores.tolist(), series.images.tolist()) == (("a",), [2], [2])
    assert series.images_left_out == 1
    assert series.left_out == (
        ("no face", 2),
        ("the count is unknown", 1),
        ("the score is unknown", 1),
    )


def test_only_the_commonest_reasons_are_kept(write):
    rows = [(f"c{n}-{k}", n) for n in range(9) for k in range(n + 1)]
    text = "concept,count,score,reason\n" + "".join(f"{c},5,,why {n}\n" for c, n in rows)
    series = read_scores(write(text))
    assert len(series) == 0
    assert series.left_out == (
        *((f"why {n}", n + 1) for n in (8, 7, 6, 5, 4)),
        ("other reasons", 4 + 3 + 2 + 1),
    )


# --- Domains and models -------------------------------------------------------------------------

SEVERAL = (
    "concept,count,score,domain,model\na,1,0.1,Face,SD1.1\nb,2,0.2,face,sd1.1\nb,2,0.3,face,SD1.5\n"
    "c,3,0.4,art-style,SD1.1\n"
)


def test_a_domain_and_a_model_are_chosen_in_any_case(write):
    path = write(SEVERAL)
    series = read_scores(path, domain="FACE", model=" sd1.1")
    assert (series.concepts, series.domain, series.model) == (("a", "b"), "face", "SD1.1")
    series = read_scores(path, domain="face", model="SD1.5")
    assert (series.concepts, series.scores.tolist()) == (("b",), [0.3])
    # Of art styles there is one model: nothing is left to choose.
    series = read_scores(path, domain="art-style")
    assert (series.concepts, series.domain, series.model) == (("c",), "art-style", "SD1.1")


def test_several_domains_or_models_are_never_mixed(write):
    error = refused(write(SEVERAL))
    assert 'more than one domain: "Face" (2 concepts), "art-style" (1 concept).' in error.message
    assert "--domain Face" in error.hint
    error = refused(write(SEVERAL), domain="face")
    assert 'more than one model: "SD1.1" (2 concepts), "SD1.5" (1 concept).' in error.message
    assert "--model SD1.1" in error.hint


def test_an_unknown_domain_is_told_with_those_that_are_there(write):
    error = refused(write(SEVERAL), domain="art-styel")
    assert "no scores of the domain 'art-styel'" in error.message
    assert "Did you mean 'art-style'?" in error.hint
    assert '"Face" (2 concepts)' in error.hint
    assert "no scores of the domain ''" in refused(write(SEVERAL), domain="").message


def test_a_domain_that_is_none_is_refused_before_anything_rests_on_it(write):
    assert "'fase' is not a domain" in refused(write(PLAIN), domain="fase").message
    table = write("concept,count,score,domain\na,1,1,art style\nb,2,1,art style\n")
    assert "'art style' is not a domain" in refused(table).message


@pytest.mark.parametrize("what", ["mode", "encoder"])
def test_scores_that_were_made_in_different_ways_are_never_mixed(write, what):
    path = write(f"concept,count,score,{what}\na,1,1,one\nb,2,1,other\n")
    assert f"more than one {what}: one, other" in refused(path).message


def test_rows_without_a_domain_are_none_of_another(write):
    path = write("concept,count,score,domain\na,1,1,face\nb,2,1,face\nc,2,1,\n")
    assert '"face" (2 concepts), without one (1 concept)' in refused(path).message
    assert read_scores(path, domain="face").concepts == ("a", "b")


def test_where_the_table_says_nothing_what_is_told_holds(write):
    series = read_scores(write(PLAIN), domain="art-style", model="SD1.4")
    assert (len(series), series.domain, series.model) == (2, "art-style", "SD1.4")


# --- What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("-3", '"-3" is no count: counts are whole numbers from 0 on'),
        ("1.5", '"1.5" is no count'),
        ('"1,200"', '"1,200" is no count: write it without commas, 1200'),
        ("nan", '"nan" is no count'),
        ("inf", '"inf" is no count'),
        ("true", '"true" is no count'),
        ("null", '"null" is no count: counts are whole numbers from 0 on, unknown ones are empty'),
        ("1 200", '"1 200" is no count'),
        ("1_200", '"1_200" is no count'),
        ("0x10", '"0x10" is no count'),
        ("1e300", '"1e300" is more images than there can be'),
        ("=2+3", '"=2+3" is no count'),
    ],
)
def test_what_is_no_count(write, cell, message):
    path = write(f"concept,count,score\na,1,0.1\nb,{cell},0.2\n")
    assert f"{path}:3: {message}" in refused(path).message


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("nan", '"nan" is no score: scores are finite numbers, unknown ones are empty'),
        ("-inf", '"-inf" is no score'),
        ("1e400", '"1e400" is no score'),
        ("high", '"high" is no score'),
        ('"0,5"', '"0,5" is no score: write it with a point, 0.5'),
        ("false", '"false" is no score'),
        ("50%", '"50%" is no score'),
    ],
)
def test_what_is_no_score(write, cell, message):
    path = write(f"concept,count,score\na,1,0.1\nb,1,{cell}\n")
    assert f"{path}:3: {message}" in refused(path).message


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ("5", "", "the interval of the count has one end only"),
        ("", "15", "the interval of the count has one end only"),
        ("11", "15", "11 to 15 is no interval of the count 10"),
        ("5", "9", "5 to 9 is no interval of the count 10"),
        ("-1", "12", "-1 to 12 is no interval of the count 10"),
        ("5", "inf", "5 to inf is no interval of the count 10"),
        ("nan", "12", "nan to 12 is no interval of the count 10"),
        ("5", "many", '"5" to "many" is no interval'),
        ("10.4", "10.2", "10.4 to 10.2 is no interval of the count 10"),
    ],
)
def test_what_is_no_interval(write, low, high, message):
    path = write(f"concept,count,score,count_low,count_high\na,10,0.1,{low},{high}\n")
    assert f"{path}:2: {message}" in refused(path).message


def test_all_mistakes_are_told_at_once_each_with_its_line(write):
    path = write(
        'concept,count,score\n"a\nb",1,0.1\r\nc,-1,x\r\n\r\n"d\r\ne\rf",2,0.5\n,3,0.1\ng,4\nh,5,6,7\n'
    )
    assert refused(path).message.splitlines() == [
        f'{path}:4: "-1" is no count: counts are whole numbers from 0 on, unknown ones are empty',
        f'{path}:4: "x" is no score: scores are finite numbers, unknown ones are empty',
        f"{path}:9: the name of the concept is empty",
        f"{path}:10: 2 cells, but the header has 3 columns",
        f"{path}:11: 4 cells, but the header has 3 columns",
    ]


def test_many_mistakes_are_counted(write):
    told = refused(write("concept,count,score\n" + "a,x,1\n" * 3_000)).message.splitlines()
    assert len(told) == 21
    assert told[-1] == "… and 2980 more problems"


def test_parquet_names_the_row(write):
    frame = pl.DataFrame(
        {"concept": ["a", "b", None], "count": [1, -2, 3], "score": [0.1, math.nan, 0.5]}
    )
    path = write(frame, "t.parquet")
    told = refused(path).message.splitlines()
    assert [line.partition(": ")[0] for line in told] == [f"{path}:row {n}" for n in (2, 2, 3)]
    assert '"NaN" is no score' in told[1]


@pytest.mark.parametrize("column", ["count", "score"])
@pytest.mark.parametrize("values", [[True, False], ["2024-01-01", "2024-01-02"]])
def test_truth_and_dates_are_no_numbers(write, column, values):
    table = {"concept": ["a", "b"], "count": [1, 2], "score": [0.1, 0.2], column: values}
    frame = pl.DataFrame(table)
    if frame[column].dtype == pl.String:
        frame = frame.with_columns(pl.col(column).str.to_date())
    assert f"is no {column}" in refused(write(frame, "t.parquet")).message


def test_parquet_of_lists_is_refused(write):
    frame = pl.DataFrame({"concept": ["a"], "count": [[1]], "score": [0.1]})
    assert "column 'count' is List" in refused(write(frame, "t.parquet"), kind=ColumnError).message


def test_a_concept_that_comes_twice_needs_a_column_that_tells_why(write):
    path = write("concept,count,score\na,1,0.1\nb,2,0.2\n a ,1,0.3\nA,1,0.3\n")
    error = refused(path)
    assert error.message == f'{path}:4: "a" comes again: line 2 has it already'
    assert "prompt, image, generation or seed" in error.hint
    assert "--repeat-col" in error.hint


def test_the_same_image_twice_is_refused(write):
    path = write("concept,count,score,prompt,image\na,1,0.1,p,1\na,1,0.2,p,2\na,1,,p,1\n")
    told = refused(path).message
    assert told == f'{path}:4: "a" with prompt "p" and image "1" comes again: line 2 has it already'


def test_rows_of_a_concept_must_agree_on_its_count(write):
    path = write("concept,count,score,seed\na,1,0.1,1\nb,7,1,1\na,1.0,0.2,2\na,3,0.2,3\na,4,1,4\n")
    assert refused(path).message == f'{path}:5: "a" has the count 3 here, and 1 in line 2'
    path = write("concept,count,score,seed,count_low,count_high\na,9,1,1,8,10\na,9,1,2,,\n")
    told = refused(path).message
    assert told == f'{path}:3: "a" has the count 9 (9 to 9) here, and 9 (8 to 10) in line 2'


def test_a_missing_column_is_told_with_those_that_are_there(write):
    error = refused(write("Concept,cuont,scores\na,1,1\n"), kind=ColumnError)
    assert (
        "no column 'count' and no column 'score'. Columns: concept, cuont, scores." in error.message
    )
    assert "Did you mean 'cuont' (--count-col)?" in error.hint
    assert "Did you mean 'scores' (--score-col)?" in error.hint
    error = refused(write("name,count,score\na,1,1\n"), kind=ColumnError)
    assert "--concept-col COLUMN" in error.hint
    assert "--rows-are-concepts" in error.hint


@pytest.mark.parametrize(
    ("columns", "option"),
    [
        (ScoreColumns(count_low="low"), "--count-low-col"),
        (ScoreColumns(domain="kind"), "--domain-col"),
        (ScoreColumns(repeats=("prompt", "template")), "--repeat-col"),
    ],
)
def test_a_column_that_is_named_must_be_there(write, columns, option):
    assert option in refused(write(PLAIN), columns, ColumnError).hint


@pytest.mark.parametrize("name", ["count_low", "count_high"])
def test_one_end_of_an_interval_is_not_enough(write, name):
    error = refused(write(f"concept,count,score,{name}\na,1,1,1\n"), kind=ColumnError)
    assert f"there is a column {name!r}, and no" in error.message


def test_a_header_is_the_first_line(write):
    told = refused(write("\n" + PLAIN), kind=ColumnError).message
    assert "Columns: none, the first line is empty." in told


def test_a_column_that_comes_twice_is_refused(write):
    told = refused(write("concept,count,Count,score\na,1,2,1\n"), kind=ColumnError).message
    assert "the column 'count' is there twice" in told
    frame = pl.DataFrame({"concept": ["a"], "count": [1], "COUNT": [2], "score": [0.5]})
    assert "twice" in refused(write(frame, "t.parquet"), kind=ColumnError).message


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("", "t.csv", "is empty"),
        ("\ufeff \r\n\n", "t.csv", "is empty"),
        ("concept,count,score\n", "t.csv", "no row follows the header"),
        ("concept,count,score\n,,\n\n", "t.csv", "no row follows the header"),
        (PLAIN, "t.xlsx", "cannot be read from .xlsx"),
        (PLAIN, "scores", "a file without suffix"),
        (PLAIN.encode("utf-16"), "t.csv", "is not UTF-8"),
        (PLAIN.replace("30", "3\0"), "t.csv", ":3: holds a NUL byte"),
        (PLAIN.encode() + b"Zo\xeb,1,1\n", "t.csv", ":4: byte 54 is not UTF-8"),
        ('concept,count,score\n"a,1,1\n', "t.csv", "unexpected end of data"),
        ('"concept,count,score\n', "t.csv", "unexpected end of data"),
        ('concept,count,score\n"a"b,1,1\n', "t.csv", ":2: "),
        ("", "t.parquet", "cannot be read"),
        (PLAIN, "t.parquet", "cannot be read"),
        (pl.DataFrame(schema={"concept": pl.String, "count": pl.Int64, "score": pl.Float64}), "t.parquet", "no row follows"),
    ],
)  # fmt: skip
def test_what_is_no_table(write, content, name, message):
    assert message in refused(write(content, name)).message


def test_damaged_parquet_is_refused_or_read_and_never_crashes(write):
    frame = pl.DataFrame(
        {"concept": ["a", "bcd"] * 50, "count": range(100), "score": 0.5, "image": range(100)}
    )
    whole = write(frame, "t.parquet").read_bytes()
    rng = np.random.default_rng(2)
    refusals = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(whole), 3):
            damaged[at] = rng.integers(256)
        try:
            read_scores(write(bytes(damaged), "t.parquet"))
        except (UsageError, ColumnError):
            refusals += 1
    assert refusals > 100


def test_text_in_parquet_that_is_not_utf8_is_refused(write):
    frame = pl.DataFrame({"concept": ["Zoe!", "b"], "count": [1, 2], "score": [0.5, 1]})
    path = write(frame, "t.parquet")
    frame.write_parquet(path, compression="uncompressed", statistics=False)
    path.write_bytes(path.read_bytes().replace(b"Zoe!", b"Zo\xeb!"))
    assert "cannot be read" in refused(path).message


def test_a_folder_and_a_file_that_is_not_there(tmp_path, write):
    assert "it is a folder" in refused(tmp_path).message
    write(PLAIN)
    error = refused(tmp_path / "score.csv")
    assert "there is no such file" in error.message
    assert "Did you mean 'scores.csv'?" in error.hint


# --- Against a reckoning of our own -------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=4
).filter(lambda text: text.strip())
finite = st.floats(-1e6, 1e6, allow_nan=False)


@st.composite
def tables(draw):
    """Rows of (concept, count, low, high, prompt, image, score or None), in any order."""
    rows = []
    for name in draw(st.lists(texts, min_size=1, max_size=5, unique_by=lambda t: t.strip())):
        count = draw(st.integers(0, 10**9))
        low, high = draw(st.sampled_from([("", ""), (count * 0.5, count * 1.5)]))
        keys = st.tuples(st.sampled_from("pqr"), st.integers(0, 3))
        for prompt, image in draw(st.lists(keys, min_size=1, max_size=6, unique=True)):
            score = draw(st.none() | finite)
            rows.append((name, count, low, high, prompt, image, score))
    return draw(st.permutations(rows))


def reckoned(rows):
    """Concept -> (count, low, high, images, mean over prompts, variance of it or None)."""
    scores = defaultdict(lambda: defaultdict(list))
    told = {}
    for name, count, low, high, prompt, _, score in rows:
        if score is not None:
            scores[name.strip()][prompt].append(score)
            ends = (count, count) if low == "" else (low, high)
            told[name.strip()] = (count, *ends)
    answer = {}
    for name, prompts in scores.items():
        means = [statistics.fmean(one) for one in prompts.values()]
        images = sum(map(len, prompts.values()))
        variance = None
        if min(map(len, prompts.values())) > 1:
            each = (statistics.variance(one) / len(one) for one in prompts.values())
            variance = sum(each) / len(prompts) ** 2
        elif len(prompts) > 1:
            variance = statistics.variance(means) / len(prompts)
        answer[name] = (*told[name], images, statistics.fmean(means), variance)
    return answer


HEADER = ("concept", "count", "count_low", "count_high", "prompt", "image", "score")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=tables(), delimiter=st.sampled_from(",;\t"), line_end=st.sampled_from(["\n", "\r\n"]))
def test_any_table_gives_the_series_that_was_reckoned(write, rows, delimiter, line_end):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *(["" if cell is None else cell for cell in row] for row in rows)])
    series = read_scores(write(out.getvalue()))

    columns = dict(zip(HEADER, zip(*rows, strict=True), strict=True))
    for end in ("count_low", "count_high"):
        columns[end] = [None if cell == "" else float(cell) for cell in columns[end]]
    frame = pl.DataFrame(columns, schema_overrides={"score": pl.Float64})
    assert plain(read_scores(write(frame, "t.parquet"))) == plain(series)
    # The order of rows is no matter.
    assert plain(read_scores(write(frame.reverse(), "t.parquet"))) == plain(series)

    expected = reckoned(rows)
    order = sorted(expected, key=lambda name: (expected[name][0], name))
    assert list(series.concepts) == order
    assert series.counts.tolist() == [expected[name][0] for name in order]
    assert series.images.tolist() == [expected[name][3] for name in order]
    assert series.scores == pytest.approx([expected[name][4] for name in order], abs=1e-6)
    if series.has_count_intervals:
        assert series.count_low.tolist() == [expected[name][1] for name in order]
        assert series.count_high.tolist() == [expected[name][2] for name in order]
    variances = [expected[name][5] for name in order if expected[name][5] is not None]
    if variances:
        assert series.image_variance == pytest.approx(
            statistics.fmean(variances), abs=1e-3, rel=1e-6
        )
    else:
        assert series.image_variance is None
    lost = {row[0].strip() for row in rows} - set(order)
    assert series.left_out == ((("the score is unknown", len(lost)),) if lost else ())
    unknown = sum(row[-1] is None for row in rows)
    assert series.images_left_out == unknown - sum(row[0].strip() in lost for row in rows)
