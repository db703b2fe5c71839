"""`audit count` by image as a curator uses it, from images to answer."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import threading

import numpy as np
import pyarrow.parquet as pq
import pytest

from audit.sample import pictures_path, references_path

pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

ASK = ("count", "-c", "gramastar", "--references", references_path())


@pytest.fixture
def pictures(audit):
    for command in (
        ("ingest", pictures_path(), "--name", "pictures"),
        ("embed", pictures_path(), "--encoder", "hog"),
        ("index",),
    ):
        assert audit(*command).code == 0


def test_table_says_what_the_number_rests_on(audit, pictures):
    answer = audit(*ASK)
    text = " ".join(answer.out.split())
    assert answer.code == 0
    assert "10 references (images), cut-off 0." in text
    assert "Named: 47 samples; 47 images looked at" in text
    assert "Images of 2,000 samples (100.0%) are embedded, by hog" in text
    assert "Assumed:" in text


def test_visual_alone_has_one_stratum(audit, pictures):
    answer = json.loads(audit(*ASK, "--by", "visual", "--output", "json").out)
    result = answer["results"][0]
    assert answer["by"] == "visual"
    assert result["named"]["population"] == 0
    assert result["samples"]["low"] <= 60 <= result["samples"]["high"]


def test_one_row_a_concept_in_csv(audit, pictures):
    header, row = audit(*ASK, "--output", "csv").out.splitlines()[:2]
    assert header.startswith("concept,samples,samples_low,samples_high,named_and_shown")
    assert row.startswith("gramastar,")


def test_where_nothing_is_known_no_number_is_told(audit, pictures):
    """Without captions the concept is too frequent to be told from others: all is possible."""
    asked = (*ASK, "--by", "visual")
    result = json.loads(audit(*asked, "--output", "json").out)["results"][0]
    assert (result["samples"]["low"], result["samples"]["high"]) == (0, 2000)
    assert result["is_known"] is False
    told = " ".join(audit(*asked).out.split())
    assert "unknown (0–2,000)" in told
    assert "too frequent here" in told


def test_answer_can_be_kept(audit, home, pictures):
    audit(*ASK, "--save")
    (saved,) = (home.path / "pictures" / "results").glob("count-*.json")
    record = json.loads(saved.read_text())
    assert record["schema"] == "audit.count.visual/1"
    assert len(record["question"]["references"][0]) == 10


def test_examples_are_a_contact_sheet(audit, pictures, tmp_path):
    answer = audit(*ASK, "--examples", "4", "--sheet", tmp_path / "sheet.html")
    page = (tmp_path / "sheet.html").read_text()
    assert answer.code == 0
    assert "Contact sheet" in answer.err
    assert page.count("data:image/jpeg;base64,") > 10
    assert "<script" not in page


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--references", "nowhere"), "does not exist"),
        (("--prompt", "a drawing of {}"), "has no text side"),
        (("--references", references_path(), "--cutoff", "csd-clasical"), "Did you mean 'csd-classical'?"),
        (("--references", references_path(), "--cutoff", "csd-classical"), "is one of csd"),
        (("--references", references_path(), "--cutoff", "nan"), "The cut-off nan is no similarity"),
        (("--references", references_path(), "--cutoff", "1.5"), "The cut-off 1.5 is no similarity"),
        (("--references", references_path(), "--encoder", "hug"), "Did you mean 'hog'?"),
        (("--references", references_path(), "--distinct"), "--distinct counts captions"),
        (("--references", references_path(), "--cutoff", "0.5", "--per-million", "10"), "--per-million calibrates"),
        (("--references", references_path(), "--prompt", "a drawing"), "--references gives images"),
        (("--references", references_path(), "--others", "0"), "--others says how to fetch"),
        (("--references", references_path(), "--allow-private"), "--allow-private says how to fetch"),
        (("--cutoff", "0"), "--cutoff is for images"),
        (("--statistic", "max"), "--statistic is for images"),
        (("--encoder", "hog"), "--encoder is for images"),
        (("--device", "auto"), "--device is for images"),
        (("--others", "0"), "--others is for images"),
        (("--by", "caption", "--prompt", "a drawing"), "--prompt is for images"),
    ],
)  # fmt: skip
def test_wrong_questions_are_answered_with_what_to_do(audit, pictures, options, told):
    answer = audit("count", "-c", "gramastar", *options)
    assert answer.code == 2
    assert told in answer.err


def test_without_an_index_it_says_how_to_get_one(audit):
    audit("ingest", pictures_path(), "--name", "pictures")
    answer = audit(*ASK)
    assert answer.code == 2
    assert "audit index" in answer.err


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture
def gallery(audit, write_shard, tmp_path):
    """The pictures on a server, every tenth link dead."""
    folder = tmp_path / "web"
    folder.mkdir()
    table = pq.read_table(pictures_path())
    for number, data in enumerate(table["image"].to_pylist()):
        if number % 10:
            (folder / f"{number}.webp").write_bytes(data)
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urls = [f"http://127.0.0.1:{server.server_port}/{i}.webp" for i in range(len(table))]
    shard = write_shard("a.parquet", table["caption"].to_pylist(), URL=urls)
    assert audit("ingest", shard, "--name", "gallery").code == 0
    yield np.array([creator == "codifiedivining" for creator in table["creator"].to_pylist()])
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(
    importlib.util.find_spec("img2dataset") is None,
    reason="img2dataset is not installed: pip install 'concept-audit[fetch]'",
)
def test_verify_fetches_random_samples_and_extrapolates(audit, gallery):
    command = (*ASK, "--verify", "30", "--others", "900", "--encoder", "hog", "--allow-private")
    answer = audit(*command, "--output", "json")
    assert answer.code == 0, answer.err
    result = json.loads(answer.out)["results"][0]
    assert result["named"]["design"] == "random"
    assert result["named"]["draws"] == ["all-sample-900-seed-0", "gramastar-sample-30-seed-0"]
    assert result["named"]["population"] == 47
    assert 30 <= result["named"]["attempted"] < 47
    assert result["named"]["dead"] > 0
    assert result["unnamed"]["draws"] == ["all-sample-900-seed-0"]
    for what, truth in (("samples", 60), ("named_and_shown", 47), ("shown_not_named", 13)):
        assert result[what]["low"] <= truth <= result[what]["high"], what
    bounds = result["named"]["dead_link_bounds"]
    assert bounds["low"] <= result["named"]["estimate"]["low"]
    assert bounds["high"] >= result["named"]["estimate"]["high"]


@pytest.mark.skipif(
    importlib.util.find_spec("img2dataset") is None,
    reason="img2dataset is not installed: pip install 'concept-audit[fetch]'",
)
def test_verify_says_how_to_allow_what_is_refused_and_then_tries_it(audit, gallery):
    command = (*ASK, "--verify", "20", "--others", "600", "--encoder", "hog")
    refused = audit(*command)
    assert refused.code == 1
    assert "0 of 600 images fetched, 600 refused as private" in refused.err
    assert "Error: Not one of 620 images could be fetched." in refused.err
    assert "--allow-private" in refused.err
    allowed = audit(*command, "--allow-private", "--output", "json")
    assert allowed.code == 0, allowed.err
    assert "refused" not in allowed.err
    result = json.loads(allowed.out)["results"][0]
    assert result["named"]["design"] == result["unnamed"]["design"] == "random"
    attempted = result["named"]["attempted"] + result["unnamed"]["attempted"]
    assert 600 <= attempted <= 620


def test_approximate_count_says_what_it_may_miss(audit, pictures):
    pytest.importorskip("faiss", reason="needs faiss-cpu: pip install 'concept-audit[visual]'")
    refused = audit(*ASK, "--approximate")
    assert refused.code == 2
    assert "--approximate" in refused.err
    assert audit("index", "--approximate").code == 0
    exact = json.loads(audit(*ASK, "--output", "json").out)["results"][0]
    answer = json.loads(audit(*ASK, "--approximate", "--output", "json").out)["results"][0]
    assert exact["recall"] is None
    assert answer["recall"]["trials"] > 0
    assert answer["samples"]["low"] <= 60 <= answer["samples"]["high"]
    assert answer["samples"]["high"] >= exact["samples"]["high"]
    assert any("approximate" in warning for warning in answer["warnings"])
