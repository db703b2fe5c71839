"""Words in place of references, with an encoder of somebody else's that knows a few words.

Its pictures are patterns of 8 by 8 grey fields, its words are names of patterns. It is found by its
entry point, as any other that a user installs.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

Image = pytest.importorskip("PIL.Image", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

ENCODER = """
import numpy as np
from audit.encoders.encoder import EncoderInfo


def pattern(word):
    return np.random.default_rng(list(word.encode())).integers(0, 2, 64) * 255.0


def unit(fields):
    centred = np.asarray(fields, dtype=np.float32) - 127.5
    return centred / np.linalg.norm(centred, axis=-1, keepdims=True)


class Patterns:
    info = EncoderInfo("patterns", "1", "8 by 8 grey fields", 64)

    def prepare(self, image):
        return np.asarray(image.convert("L").resize((8, 8), 4), dtype=np.float32).ravel()

    def encode(self, prepared):
        return list(unit(prepared)[:, None])

    def encode_texts(self, texts):
        return unit([pattern(text.rpartition(" ")[2]) for text in texts])


def load(rest, device):
    return Patterns()
"""
SHOWN, NAMED, ALL = 60, 35, 1500
ASK = ("count", "-c", "tartan", "--prompt", "the pattern {}")


@pytest.fixture
def patterns(audit, write_shard, tmp_path, monkeypatch):
    """The first 60 samples show a tartan, 35 of them are named; 5 more are named and do not."""
    package = tmp_path / "package"
    about = package / "patterns-1.dist-info"
    about.mkdir(parents=True)
    (package / "patterns_encoder.py").write_text(ENCODER)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: patterns\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[audit.encoders]\npatterns = patterns_encoder:load\n")
    monkeypatch.syspath_prepend(package)
    import patterns_encoder

    rng = np.random.default_rng(5)
    images = tmp_path / "images"
    images.mkdir()
    named = {*range(NAMED), *range(SHOWN, SHOWN + 5)}
    urls = []
    for row in range(ALL):
        fields = rng.integers(0, 256, 64)
        if row < SHOWN:
            fields = patterns_encoder.pattern("tartan") + rng.normal(0, 90, 64)
        fields = np.clip(fields, 0, 255).astype(np.uint8).reshape(8, 8)
        Image.fromarray(fields).resize((32, 32), 0).save(images / f"{row:05d}.png")
        urls.append(f"https://example.org/{row:05d}.png")
    captions = [f"a tartan, {row}" if row in named else f"cloth, {row}" for row in range(ALL)]
    shard = write_shard("a.parquet", captions, URL=urls, key=[f"{row:05d}" for row in range(ALL)])
    for command in (
        ("ingest", shard, "--name", "cloth", "--keep", "key"),
        ("embed", images, "--encoder", "patterns"),
        ("index", "--by", "key"),
    ):
        answer = audit(*command)
        assert answer.code == 0, answer.err
    yield
    sys.modules.pop("patterns_encoder", None)


def test_words_count_what_images_show_and_say_what_they_do_not_know(audit, patterns):
    answer = json.loads(audit(*ASK, "--output", "json").out)
    result = answer["results"][0]
    assert result["references"]["kind"] == "text"
    named, unnamed = result["named_and_shown"], result["shown_not_named"]
    assert 0.8 * NAMED <= named["low"] <= NAMED
    assert 0 < unnamed["low"] <= SHOWN - NAMED
    # Nothing tells what words miss: the upper ends are all that there is.
    assert named["high"] == NAMED + 5
    assert unnamed["high"] == ALL - NAMED - 5
    assert any("weaker" in note for note in result["warnings"])


def test_table_names_the_words(audit, patterns):
    told = " ".join(audit(*ASK).out.split())
    assert "1 reference (words)" in told
    assert "weaker" in told


def test_several_words_are_several_references(audit, patterns):
    answer = json.loads(audit(*ASK, "--prompt", "some {}", "--output", "json").out)
    assert answer["results"][0]["references"]["names"] == ["the pattern tartan", "some tartan"]


def test_column_of_keys_is_remembered_and_must_have_been_kept(audit, patterns):
    again = json.loads(audit("index", "--output", "json").out)
    assert again["joined_by"] == {"key": ALL}
    answer = audit("index", "--by", "keys")
    assert answer.code == 2
    assert "no such column" in answer.err
    assert "Did you mean 'key'?" in answer.err
