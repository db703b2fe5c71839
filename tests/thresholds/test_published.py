"""Published thresholds, as they come with the package."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import audit
from audit.errors import UsageError
from audit.thresholds.published import published_path, published_thresholds

PAPER = {
    # (model, group): images, from the table of arXiv 2410.15002 v1
    ("SD1.1", "celebrities"): 364, ("SD1.5", "celebrities"): 364, ("SD2.1", "celebrities"): 527,
    ("SD1.1", "politicians"): 234, ("SD1.5", "politicians"): 234, ("SD2.1", "politicians"): 369,
    ("SD1.2", "politicians"): 252,
    ("SD1.1", "classical artists"): 112, ("SD1.5", "classical artists"): 112,
    ("SD1.1", "modern artists"): 198, ("SD1.5", "modern artists"): 198,
    ("SD2.1", "classical artists"): 185, ("SD2.1", "modern artists"): 241,
}  # fmt: skip


@pytest.mark.parametrize(("model", "group"), PAPER)
def test_every_value_of_the_paper_is_there_once(model, group):
    domain = "face" if group in ("celebrities", "politicians") else "art-style"
    (entry,) = published_thresholds().select(domain, model, group).entries
    assert entry.value == PAPER[model, group]
    assert entry.training_set == ("LAION-5B" if model == "SD2.1" else "LAION-2B-en")


def test_no_interval_is_invented_and_every_value_says_what_it_is():
    for entry in published_thresholds().entries:
        assert entry.interval is None
        assert entry.source.startswith("arXiv 2410.15002 v1, ")
        assert entry.unit
        assert "pen=0.9" in entry.method
        told = " ".join(entry.caveats)
        for what in ("exposures", "epochs", "duplicates", "resolution", "penalty", "embedder"):
            assert what in told
        assert ("rescaled" in told) == ("SD2.1" in entry.models)


def test_second_version_is_a_note_and_no_value():
    assert any("200 to 700" in note for note in published_thresholds().notes)


def test_model_is_known_however_its_name_is_written():
    known = published_thresholds()
    for name in ("SD1.5", "sd 1.5", "runwayml/stable-diffusion-v1-5", "Stable Diffusion v1.5"):
        assert len(known.select(model=name).entries) == 4, name


@pytest.mark.parametrize(
    ("chosen", "told"),
    [({"model": "SD15x"}, "SD1.5"), ({"group": "politician"}, "Did you mean 'politicians'?")],
)
def test_slips_are_told_with_what_there_is(chosen, told):
    with pytest.raises(UsageError) as error:
        published_thresholds().select(**chosen)
    assert told in error.value.hint


def test_nothing_is_published_for_characters_and_objects():
    for domain in ("character", "object"):
        assert not published_thresholds().select(domain).entries


def test_wheel_holds_them(tmp_path):
    pytest.importorskip("hatchling", reason="needs hatchling: pip install hatchling")
    root = Path(audit.__file__).parents[1]
    if not (root / "pyproject.toml").exists():
        pytest.skip("the package is not in its source tree")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("audit/thresholds/published.toml") == published_path().read_bytes()
