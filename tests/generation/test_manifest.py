"""A folder of generated images is read back as it was written, or refused with what is wrong."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from audit.errors import SourceError, UsageError
from audit.generation import GeneratedImage, GenerationSettings, read_generated

SETTINGS = GenerationSettings(
    model="org/model",
    revision="0123abcd",
    pipeline="StableDiffusionPipeline",
    scheduler="PNDMScheduler",
    scheduler_config="89ab",
    safety_checker=None,
    dtype="float32",
    size=(512, 768),
    steps=50,
    guidance=7.5,
    negative_prompt=None,
    seed=0,
)
IMAGE = GeneratedImage(
    path="images/a/b/00000.png",
    concept="葛飾北斎",
    domain="art-style",
    template="a painting in the style of {}",
    prompt="a painting in the style of 葛飾北斎",
    number=0,
    seed=4294967295,
    width=512,
    height=768,
    sha256="ab" * 32,
)
FLAGGED = replace(IMAGE, number=1, path=None, sha256=None, flagged="safety checker")


@pytest.fixture
def folder(tmp_path):
    record = {"schema": "audit.generated/1", "settings": SETTINGS.to_dict()}
    (tmp_path / "generation.json").write_text(json.dumps(record))
    (tmp_path / "images.jsonl").write_text(IMAGE.to_line() + FLAGGED.to_line())
    return tmp_path


def test_images_and_settings_come_back_and_flagged_ones_are_kept_apart(folder):
    generated = read_generated(str(folder))
    assert generated.settings == SETTINGS
    assert generated.images == (IMAGE,)
    assert generated.flagged == (FLAGGED,)
    assert generated.path_of(IMAGE) == folder / "images" / "a" / "b" / "00000.png"
    with pytest.raises(ValueError, match="was flagged"):
        generated.path_of(FLAGGED)


def test_line_that_is_being_written_does_not_count_yet(folder):
    lines = folder / "images.jsonl"
    lines.write_text(lines.read_text()[:-1])
    generated = read_generated(folder)
    assert (generated.images, generated.flagged) == ((IMAGE,), ())


def test_folder_in_which_nothing_was_made_yet_is_empty(folder):
    (folder / "images.jsonl").unlink()
    assert read_generated(folder).images == ()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        json.dumps(asdict(IMAGE) | {"path": "../../etc/passwd"}),
        json.dumps(asdict(IMAGE) | {"path": "/etc/passwd"}),
        json.dumps(asdict(IMAGE) | {"path": "C:\\x.png"}),
        json.dumps(asdict(IMAGE) | {"path": ""}),
        json.dumps(asdict(IMAGE) | {"path": None}),
        json.dumps(asdict(IMAGE) | {"flagged": "safety checker"}),
        json.dumps(asdict(IMAGE) | {"number": "0"}),
        json.dumps(asdict(IMAGE) | {"number": True}),
        json.dumps(asdict(IMAGE) | {"concept": None}),
        json.dumps(asdict(IMAGE) | {"domain": 3}),
    ],
)
def test_damaged_line_is_named(folder, line):
    (folder / "images.jsonl").write_text(f"{IMAGE.to_line()}{line}\n{FLAGGED.to_line()}")
    with pytest.raises(SourceError, match=r"images\.jsonl:2: is damaged") as caught:
        read_generated(folder)
    assert "Remove that line" in caught.value.hint


def test_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no generated images"):
        read_generated(tmp_path)
    with pytest.raises(UsageError, match="there is no such folder"):
        read_generated(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": "audit.generated/1"}'])
def test_damaged_manifest_is_named(folder, text):
    (folder / "generation.json").write_text(text)
    with pytest.raises(SourceError, match=r"generation\.json: is damaged"):
        read_generated(folder)


def test_manifest_of_another_version_is_refused(folder):
    (folder / "generation.json").write_text('{"schema": "audit.generated/9"}')
    with pytest.raises(SourceError, match=r"in the format 'audit\.generated/9'"):
        read_generated(folder)


def test_differences_are_told_value_by_value():
    wanted = {"steps": 30, "size": None, "negative_prompt": "blurry", "seed": 0}
    assert SETTINGS.differences(wanted) == [
        "steps 50, not 30",
        "size 512x768, not the pipeline's own",
        "negative prompt none, not 'blurry'",
    ]
    assert SETTINGS.differences(SETTINGS.__dict__) == []


def test_same_weights_under_another_name_are_the_same_model():
    assert SETTINGS.differences({"model": "/a/copy", "revision": "0123abcd"}) == []
    assert SETTINGS.differences({"model": "/a/copy"}) == ["model 'org/model', not '/a/copy'"]
    assert SETTINGS.differences({"model": "org/model", "revision": "ffff"}) == [
        "revision 0123abcd, not ffff"
    ]
