"""`audit generate` at the command line."""

from __future__ import annotations

import io
import json
import sys

import polars as pl
import pytest

from audit.cli.generate import generate as command
from audit.generation import read_generated
from audit.generation.options import DTYPES
from audit.generation.prompts import PROMPTS
from audit.generation.results import described_rate
from tests.generation.conftest import tiny_model, torch_packages  # noqa: F401

QUICK = ("--steps", "2", "--images", "2", "--device", "cpu")


@pytest.fixture
def ask(audit, tiny_model, tmp_path):  # noqa: F811
    def call(*arguments, model=tiny_model):
        return audit("generate", "--model", model, "--out", tmp_path / "out", *QUICK, *arguments)

    return call


def test_table_tells_images_and_how_they_were_made_and_a_rerun_has_nothing_to_do(ask, tmp_path):
    answer = ask("-c", "Monet", "--domain", "art-style")
    told = " ".join(answer.out.split())
    assert answer.code == 0
    assert "Monet art-style 5 10" in told
    assert "10 images of 1 concept; 10 made now" in told
    assert "StableDiffusionPipeline with DDIMScheduler, 2 steps, guidance 7.5" in told
    assert f"Images: {tmp_path / 'out'}" in told
    assert "10 images." in answer.err
    assert "There is no GPU in use" in answer.err
    again = ask("-c", "Monet", "--domain", "art-style")
    assert "nothing to do: all of it was here" in again.out
    assert "10 images, all of them there already." in again.err


def test_domains_of_a_list_choose_the_prompts(ask, tmp_path):
    concepts = tmp_path / "concepts.toml"
    concepts.write_text(
        '[[concept]]\nname = "Mary Lee"\ndomain = "face"\n\n[[concept]]\nname = "Monet"\n'
    )
    answer = ask("--concepts", concepts, "--domain", "art-style", "--images", "1", "-q")
    assert (answer.code, answer.err) == (0, WITHOUT_GPU)
    prompts = {image.prompt for image in read_generated(tmp_path / "out").images}
    assert "Mary Lee's facial close-up" in prompts
    assert "a sketch in the style of Monet" in prompts
    assert len(prompts) == 10


WITHOUT_GPU = (
    "Warning: There is no GPU in use. A model of usual size takes minutes an image here.\n"
)


def test_names_from_a_table_of_something_else(ask, tmp_path):
    table = tmp_path / "artists.csv"
    table.write_text("artist_name,works\nMonet,3\n")
    answer = ask("--concepts", table, "--name-col", "artist_name", "--prompt", "{}")
    assert answer.code == 0
    assert {image.concept for image in read_generated(tmp_path / "out").images} == {"Monet"}


def test_json_has_the_versioned_schema(ask, tmp_path):
    answer = ask("-c", "Monet", "--prompt", "by {}", "--size", "48x32", "--output", "json")
    record = json.loads(answer.out)
    assert record["schema"] == "audit.generate/1"
    assert (record["images"], record["made_now"], record["images_per_prompt"]) == (2, 2, 2)
    assert record["settings"]["size"] == [48, 32]
    assert record["device"] == "cpu"
    assert record["prompts"] == [
        {"concept": "Monet", "domain": None, "template": "by {}", "images": 2, "flagged": {}}
    ]


def test_csv_has_a_row_for_each_prompt(ask):
    answer = ask("-c", 'Mo,"net', "--prompt", "by {}", "--prompt", "as {}", "--output", "csv")
    frame = pl.read_csv(io.StringIO(answer.out))
    assert frame.to_dict(as_series=False) == {
        "concept": ['Mo,"net'] * 2,
        "domain": [None] * 2,
        "template": ["by {}", "as {}"],
        "images": [2, 2],
        "flagged": [0, 0],
    }


def test_other_settings_are_wrong_usage_and_named(ask):
    assert ask("-c", "Monet", "--prompt", "{}").code == 0
    answer = ask("-c", "Monet", "--prompt", "{}", "--steps", "3")
    assert answer.code == 2
    assert "holds images of steps 2, not 3." in answer.err


def test_stopped_run_says_that_it_goes_on(ask, tmp_path, monkeypatch):
    from diffusers import AutoencoderKL

    decode, calls = AutoencoderKL.decode, []

    def stopped(self, *arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return decode(self, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(AutoencoderKL, "decode", stopped)
        answer = ask("-c", "Monet", "--prompt", "{}", "--batch", "1")
    assert answer.code == 130
    assert "the same command goes on from there" in answer.err
    assert "1 made now" in ask("-c", "Monet", "--prompt", "{}").out


def test_prompts_that_are_too_long_are_named_up_to_three(ask):
    names = [argument for letter in "abcd" for argument in ("-c", letter * 90)]
    answer = ask(*names, "--prompt", "{}", "-q")
    assert answer.code == 0
    assert answer.err.count("does not read this prompt to its end") == 3
    assert "… nor 1 more." in answer.err


def test_nothing_but_black_images_is_a_failure(ask, tiny_model, tmp_path):  # noqa: F811
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(tiny_model)
    with torch.no_grad():
        pipeline.vae.post_quant_conv.bias.fill_(float("nan"))
    pipeline.save_pretrained(tmp_path / "broken")
    answer = ask("-c", "Monet", "--prompt", "{}", model=tmp_path / "broken")
    assert answer.code == 1
    assert "Not one image is a generation." in answer.err
    assert "2 by reason of all black" in answer.err
    assert "Left out" in answer.out


# Without a model


@pytest.fixture
def bare(audit, tmp_path):
    def call(*arguments):
        return audit("generate", "--out", tmp_path / "out", *arguments)

    return call


def test_concept_without_domain_is_told_what_to_do(bare, tmp_path):
    answer = bare("--model", "org/model", "-c", "Monet")
    assert answer.code == 2
    assert "--domain face or --domain art-style" in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--model", "org/model"), "Name a concept"),
        (("-c", "Monet"), "--model"),
        (("--model", "/nowhere", "-c", "A", "--prompt", "{}"), "There is no folder /nowhere"),
        (("--model", "org/model", "-c", "A", "--prompt", "a photo"), "has no place"),
        (("--model", "org/model", "-c", "A", "--size", "512"), "'512' is no size"),
        (
            ("--model", "org/model", "-c", "A", "--size", "0x8", "--prompt", "{}"),
            "size cannot be 0",
        ),
        (("--model", "org/model", "-c", "A", "--size", "٣x٣"), "is no size"),
        (("--model", "org/model", "-c", "A", "--images", "0"), "--images"),
        (("--model", "org/model", "-c", "A", "--name-col", "B"), "it needs --concepts"),
        (("--model", "org/model", "--concepts", "/nowhere.csv"), "there is no such file"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_loaded(bare, tmp_path, arguments, problem):
    answer = bare(*arguments)
    assert answer.code == 2
    assert problem in answer.err
    assert not (tmp_path / "out").exists()


def test_missing_packages_are_named_with_the_extra(bare, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    answer = bare("--model", "org/model", "-c", "Monet", "--domain", "art-style")
    assert answer.code == 1
    assert "pip install 'concept-audit[generate]'" in answer.err


def test_choices_are_those_of_the_library():
    choices = {option.name: option.type for option in command.params}
    (domain,) = [option for option in command.params if option.name == "domain"]
    assert all(published in domain.help for published in PROMPTS)
    assert tuple(choices["dtype"].choices) == DTYPES


@pytest.mark.parametrize(
    ("images", "seconds", "told"),
    [(30, 10, "3.0 a second"), (3, 6, "2.0 s each"), (3, 150, "50 s each"), (0, 5, ""), (5, 0, "")],
)
def test_rate_is_told_in_the_unit_that_suits_it(images, seconds, told):
    assert described_rate(images, seconds) == told
