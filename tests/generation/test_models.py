"""A model is a folder here or a name on the Hub, and known by its files or its commit."""

from __future__ import annotations

import json
import shutil

import pytest

from audit.errors import SourceError, UsageError
from audit.generation.models import files_digest, find_model, model_name

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def folder(tmp_path):
    """What matters of a pipeline here: the index, and files of components."""
    model = tmp_path / "model"
    (model / "unet").mkdir(parents=True)
    (model / "unet" / "weights.bin").write_bytes(b"123")
    index = {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "safety_checker": [None, None],
    }
    (model / "model_index.json").write_text(json.dumps(index))
    return model


def test_folder_is_known_by_its_absolute_path_and_its_files(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    found = find_model("model")
    assert (found.name, found.revision) == (str(folder), f"sha256:{files_digest(folder)}")
    assert model_name("./model") == str(folder)


def test_digest_changes_with_content_and_name_of_files_of_the_pipeline_alone(folder, tmp_path):
    before = files_digest(folder)
    assert files_digest(shutil.copytree(folder, tmp_path / "copy")) == before
    (folder / "README.md").write_text("read me")
    (folder / "safety_checker").mkdir()
    (folder / "safety_checker" / "weights.bin").write_bytes(b"not loaded")
    assert files_digest(folder) == before
    (folder / "unet" / "weights.bin").rename(folder / "unet" / "other.bin")
    renamed = files_digest(folder)
    (folder / "unet" / "other.bin").write_bytes(b"124")
    assert len({before, renamed, files_digest(folder)}) == 3


def test_component_with_code_of_its_own_is_refused(folder):
    (folder / "unet" / "mine.py").write_text("")
    with pytest.raises(SourceError, match=r"code of its own \(unet.mine\.py\)"):
        find_model(str(folder))


@pytest.mark.parametrize(
    "name",
    ["/nowhere", "./nowhere", "~/nowhere", "a/b/c", "", "model.safetensors", "org/", "../x", "a b"],
)
def test_what_is_no_folder_and_no_name_on_the_hub_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        model_name(name)
    assert "save" in caught.value.hint


def test_single_checkpoint_is_told_how_it_becomes_a_pipeline(tmp_path):
    (tmp_path / "model.ckpt").write_bytes(b"")
    with pytest.raises(UsageError, match="is a file") as caught:
        model_name(str(tmp_path / "model.ckpt"))
    assert "from_single_file" in caught.value.hint


def test_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"model_index\.json is not there"):
        model_name(str(tmp_path))


def test_folder_has_no_revision(folder):
    with pytest.raises(UsageError, match="a folder has no --revision"):
        model_name(str(folder), "main")


@pytest.mark.parametrize("name", ["org/model", "stable-diffusion", "CompVis/stable-diffusion-v1-4"])
def test_names_on_the_hub_are_left_as_they_are(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert model_name(name, "main") == name


@pytest.fixture
def diffusers(torch_packages):
    import diffusers

    return diffusers


def test_model_of_the_hub_is_known_by_its_commit(diffusers, folder, tmp_path, monkeypatch):
    asked = []

    def download(name, revision):
        asked.append((name, revision))
        return shutil.copytree(folder, tmp_path / "hub" / "snapshots" / COMMIT)

    monkeypatch.setattr(diffusers.DiffusionPipeline, "download", download)
    found = find_model("org/model", "fp16")
    assert asked == [("org/model", "fp16")]
    assert (found.name, found.revision) == ("org/model", COMMIT)
    assert found.folder == tmp_path / "hub" / "snapshots" / COMMIT


def test_hub_that_cannot_be_reached_is_told_with_what_to_do(diffusers, tmp_path, monkeypatch):
    """Offline, and nothing was downloaded before: nobody is asked."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SourceError, match=r"Hub .*offline mode is enabled") as caught:
        find_model("no-such-organisation/no-such-model")
    assert "name a folder on this machine" in caught.value.hint
