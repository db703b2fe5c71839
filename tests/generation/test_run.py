"""Images of a real pipeline, of random weights: made once, the same in any batch, and gone on with."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import socket

import numpy as np
import pytest

from audit.concepts import Concept
from audit.datasets.files import locked
from audit.errors import AuditError, SourceError, StorageError, UsageError
from audit.generation import GenerateListener, generate, read_generated
from audit.generation import run as run_module
from audit.generation.plan import image_seed

pytestmark = pytest.mark.usefixtures("torch_packages")

PHOTO = "a photo of {}"


@pytest.fixture
def make(tiny_model, tmp_path):
    """Generates into a folder of the test, with few steps."""

    def call(concepts=("Monet",), *, model=tiny_model, out="out", **options):
        options = {"prompts": [PHOTO], "images": 3, "steps": 2, "device": "cpu"} | options
        return generate(model, concepts, tmp_path / out, **options)

    return call


def digests(folder):
    """What every image is, by its key."""
    return {image.key: image.sha256 for image in read_generated(folder).images}


def pixels(folder, image):
    from PIL import Image

    with Image.open(read_generated(folder).path_of(image)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.int16)


def no_loading(monkeypatch):
    def load(options, device):
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(run_module, "load_pipeline", load)


# What is made


def test_every_image_has_its_file_and_a_line_that_tells_all_of_it(make, tmp_path):
    from PIL import Image

    report = make([Concept("葛飾 / 北斎", domain="art-style")], prompts=(), images=2, batch=4)
    generated = read_generated(tmp_path / "out")
    assert (report.images, report.made_now, report.flagged) == (10, 10, {})
    assert len(generated.images) == 10
    for image in generated.images:
        data = generated.path_of(image).read_bytes()
        assert image.sha256 == hashlib.sha256(data).hexdigest()
        with Image.open(generated.path_of(image)) as picture:
            assert (picture.format, picture.size) == ("PNG", (image.width, image.height))
        assert image.prompt == image.template.replace("{}", "葛飾 / 北斎")
        assert image.domain == "art-style"
        assert image.seed == image_seed(0, image.concept, image.template, image.number)
    assert {image.width for image in generated.images} == {32}


def test_settings_are_recorded_as_the_pipeline_resolved_them(make, tmp_path):
    make(steps=None, guidance=None, images=1)
    settings = read_generated(tmp_path / "out").settings
    assert (settings.steps, settings.guidance) == (50, 7.5)
    assert (settings.pipeline, settings.scheduler) == ("StableDiffusionPipeline", "DDIMScheduler")
    assert settings.safety_checker is None
    assert settings.dtype == "float32"
    record = json.loads((tmp_path / "out" / "generation.json").read_text())
    assert set(record["runs"][0]["versions"]) == {"audit", "diffusers", "torch", "transformers"}


def test_options_reach_the_pipeline(make, tmp_path):
    make(size=(48, 32), out="wide", images=1)
    (image,) = read_generated(tmp_path / "wide").images
    assert (image.width, image.height) == (48, 32)
    plain = make(out="plain", images=1).folder
    for number, options in enumerate(
        [{"steps": 3}, {"guidance": 1.5}, {"negative_prompt": "blurry"}, {"seed": 1}]
    ):
        assert digests(make(out=f"{number}", images=1, **options).folder) != digests(plain)


def test_scheduler_of_choice_takes_the_place_of_the_pipelines_own(make, tmp_path):
    make(out="own")
    make(out="euler", scheduler="EulerDiscreteScheduler")
    own, euler = (read_generated(tmp_path / name).settings for name in ("own", "euler"))
    assert euler.scheduler == "EulerDiscreteScheduler"
    assert own.scheduler == "DDIMScheduler"
    assert digests(tmp_path / "own") != digests(tmp_path / "euler")
    with pytest.raises(UsageError, match="no scheduler 'EulerScheduler'") as caught:
        make(out="none", scheduler="EulerScheduler")
    assert "EulerDiscreteScheduler" in caught.value.hint


def test_prompt_that_is_longer_than_the_model_reads_is_told(make):
    report = make(["Monet", "M" * 90], images=1)
    assert report.too_long == ("a photo of " + "M" * 90,)
    assert make(["M" * 90], images=1).too_long == report.too_long, "without loading it again"
    assert make(["Monet"], images=1).too_long == ()


# Noise


def test_noise_of_an_image_is_that_of_its_seed_in_any_batch(make, monkeypatch):
    import torch
    from diffusers import StableDiffusionPipeline

    seen = {}
    prepare = StableDiffusionPipeline.prepare_latents

    def watched(self, *arguments):
        latents = prepare(self, *arguments)
        seen[out].append(latents)
        return latents

    monkeypatch.setattr(StableDiffusionPipeline, "prepare_latents", watched)
    for out, batch in (("one", 1), ("four", 4), ("three", 3)):
        seen[out] = []
        make(out=out, batch=batch, images=4)
    assert [len(latents) for latents in seen["four"] + seen["three"]] == [4, 3, 1]
    for number in range(4):
        generator = torch.Generator("cpu").manual_seed(image_seed(0, "Monet", PHOTO, number))
        noise = torch.randn((4, 16, 16), generator=generator)
        for latents in seen.values():
            assert torch.equal(torch.cat(latents)[number], noise)


def test_images_of_any_batch_are_the_same_to_rounding(make, tmp_path):
    for batch in (1, 4):
        make(out=f"{batch}", batch=batch, images=4)
    alone = read_generated(tmp_path / "1").images
    together = read_generated(tmp_path / "4").images
    assert [image.seed for image in alone] == [image.seed for image in together]
    for one, other in zip(alone, together, strict=True):
        difference = np.abs(pixels(tmp_path / "1", one) - pixels(tmp_path / "4", other))
        assert difference.max() <= 1
    different = np.abs(pixels(tmp_path / "1", alone[0]) - pixels(tmp_path / "1", alone[1]))
    assert different.max() > 20, "two images of a prompt have noises of their own"


# Going on


def test_more_images_and_more_concepts_are_added_to_what_is_there(make, tmp_path):
    first = make(images=2)
    there = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.png")}
    second = make(["Monet", "Manet"], images=3)
    assert (first.made_now, second.made_now, second.images) == (2, 4, 6)
    assert all(path.stat().st_mtime_ns == time for path, time in there.items())
    assert len(json.loads((tmp_path / "out" / "generation.json").read_text())["runs"]) == 2


def test_nothing_to_do_does_not_load_the_model(make, monkeypatch):
    make()
    no_loading(monkeypatch)
    report = make()
    assert (report.made_now, report.images, report.device) == (0, 3, None)
    assert make(images=2).images == 2, "images of what is asked, not of all that is there"


def test_run_that_was_stopped_goes_on_and_comes_to_the_same(make, tmp_path):
    make(["Monet", "Manet"], out="whole", batch=1)

    def stop(progress):
        if progress.made == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(["Monet", "Manet"], batch=1, listener=GenerateListener(on_progress=stop))
    assert len(read_generated(tmp_path / "out").images) == 4
    assert make(["Monet", "Manet"], batch=1).made_now == 2
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def cut_the_last_line(folder):
    lines = folder / "images.jsonl"
    lines.write_bytes(lines.read_bytes()[:-10])


def lose_the_last_line(folder):
    lines = folder / "images.jsonl"
    lines.write_bytes(b"".join(lines.read_bytes().splitlines(keepends=True)[:-1]))


def lose_a_file(folder):
    next(folder.rglob("00001.png")).unlink()


def lose_all_lines(folder):
    (folder / "images.jsonl").unlink()


@pytest.mark.parametrize(
    ("damage", "made"),
    [(cut_the_last_line, 1), (lose_the_last_line, 1), (lose_a_file, 1), (lose_all_lines, 3)],
)
def test_what_a_killed_run_left_half_done_is_made_again(make, tmp_path, damage, made):
    whole = digests(make(batch=1).folder)
    damage(tmp_path / "out")
    leftover = next((tmp_path / "out").rglob("00000.png"))
    leftover.with_name(f"{leftover.name}.unfinished-1").write_bytes(b"half")
    assert make(batch=1).made_now == made
    assert digests(tmp_path / "out") == whole
    assert not list((tmp_path / "out").rglob("*.unfinished-*"))
    lines = (tmp_path / "out" / "images.jsonl").read_text().splitlines()
    assert len(lines) == len({json.loads(line)["number"] for line in lines}) == 3


def test_full_disk_says_what_to_do_and_keeps_what_is_finished(make, tmp_path, monkeypatch):
    sync, synced = os.fsync, []

    def full(descriptor):
        synced.append(descriptor)
        if len(synced) == 6:  # the manifest, two images with their lines, and an image
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="no space left") as caught:
            make(batch=1)
    assert "--out" in caught.value.hint
    assert "--home" not in caught.value.hint
    assert len(read_generated(tmp_path / "out").images) == 2
    assert make(batch=1).made_now == 1


def test_place_that_cannot_be_written_is_told_in_the_words_of_this_command(make, tmp_path):
    (tmp_path / "file").write_text("")
    for out in ("file", "file/below"):
        with pytest.raises(StorageError, match=str(tmp_path / "file")) as caught:
            make(out=out)
        assert "--out" in caught.value.hint


def test_second_process_is_told_that_one_is_there(make, tmp_path):
    with (
        locked(tmp_path / "out" / ".lock", "ours"),
        pytest.raises(StorageError, match="another process is generating into this folder"),
    ):
        make()


# Other settings


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"steps": 3}, "steps 2, not 3"),
        ({"guidance": 3}, "guidance 7.5, not 3"),
        ({"size": (48, 32)}, "size the pipeline's own, not 48x32"),
        ({"seed": 1, "negative_prompt": "x"}, "negative prompt none, not 'x'; seed 0, not 1"),
        ({"dtype": "bfloat16"}, "dtype float32, not bfloat16"),
        ({"scheduler": "PNDMScheduler"}, "scheduler DDIMScheduler, not PNDMScheduler"),
    ],
)
def test_other_settings_are_refused_by_name_before_the_model_is_loaded(
    make, monkeypatch, options, difference
):
    make()
    no_loading(monkeypatch)
    with pytest.raises(UsageError) as caught:
        make(**{"images": 5} | options)
    assert f"holds images of {difference}." in caught.value.message


def test_settings_that_only_the_pipeline_tells_are_refused_after_loading(make):
    make(steps=3)
    with pytest.raises(UsageError, match="holds images of steps 3, not 50"):
        make(steps=None)


def test_other_weights_in_the_same_place_are_another_model(make, tiny_model, tmp_path):
    from tests.generation.tiny import save_tiny_pipeline

    model = shutil.copytree(tiny_model, tmp_path / "model")
    make(model=model)
    shutil.rmtree(model)
    save_tiny_pipeline(model, seed=1)
    with pytest.raises(UsageError, match=r"revision sha256:[0-9a-f]{16}, not"):
        make(model=model, images=4)


def test_same_weights_in_another_place_are_the_same_model(make, tiny_model, tmp_path):
    make(model=tiny_model)
    assert make(model=shutil.copytree(tiny_model, tmp_path / "b"), images=4).made_now == 1


def test_type_of_numbers_that_is_left_open_is_that_of_the_images_there(make, tmp_path):
    make(dtype="bfloat16")
    assert make(images=4).made_now == 1
    assert read_generated(tmp_path / "out").settings.dtype == "bfloat16"


def test_settings_can_be_chosen_anew_while_there_is_no_image(make):
    def stop(pipeline):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(listener=GenerateListener(on_loaded=stop))
    assert make(steps=3).images == 3


def test_images_without_their_manifest_are_not_touched(make, tmp_path):
    make()
    (tmp_path / "out" / "generation.json").unlink()
    with pytest.raises(SourceError, match=r"generation\.json: is gone"):
        make()


# What is no generation


def test_images_that_the_safety_checker_blackens_are_left_out_and_told(
    make, torch_packages, tmp_path
):
    """The pictures that it will flag are known beforehand, from its own cosines."""
    import torch
    from diffusers import StableDiffusionPipeline

    from tests.generation.tiny import save_tiny_pipeline

    model = save_tiny_pipeline(tmp_path / "safe", safety_checker=True)
    pipeline = StableDiffusionPipeline.from_pretrained(model)
    pipeline.set_progress_bar_config(disable=True)
    cosines = []
    concepts = pipeline.safety_checker.concept_embeds
    with torch.no_grad():
        torch.nn.init.normal_(concepts, generator=torch.Generator().manual_seed(0))
        pipeline.safety_checker.special_care_embeds.copy_(concepts[:3])

    def watch(module, inputs, output):
        normal = torch.nn.functional.normalize
        cosines.extend((normal(output) @ normal(concepts).T).amax(1).tolist())

    hook = pipeline.safety_checker.visual_projection.register_forward_hook(watch)
    seeds = [image_seed(0, "Monet", PHOTO, number) for number in range(6)]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    with torch.no_grad():
        pipeline(["a photo of Monet"] * 6, generator=generators, num_inference_steps=2)
        limit = float(np.median(cosines))
        pipeline.safety_checker.concept_embeds_weights.fill_(limit)
    hook.remove()
    pipeline.save_pretrained(model)

    report = make(model=model, images=6)
    expected = {number for number, cosine in enumerate(cosines) if cosine > limit}
    generated = read_generated(tmp_path / "out")
    assert 0 < len(expected) < 6
    assert {image.number for image in generated.flagged} == expected
    assert {image.number for image in generated.images} == set(range(6)) - expected
    assert len(list((tmp_path / "out").rglob("*.png"))) == 6 - len(expected)
    assert report.flagged == {"safety checker": len(expected)}
    assert report.settings.safety_checker == "StableDiffusionSafetyChecker"
    assert make(model=model, images=6).made_now == 0, "they are not tried again"


def test_images_that_come_out_black_are_no_generations(make, tiny_model, tmp_path):
    """As in half precision where it overflows: the decoder gives no numbers."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(tiny_model)
    with torch.no_grad():
        pipeline.vae.post_quant_conv.bias.fill_(float("nan"))
    pipeline.save_pretrained(tmp_path / "broken")
    report = make(model=tmp_path / "broken", images=2, dtype="bfloat16")
    assert (report.images, report.flagged) == (0, {"all black": 2})
    assert "may not in float32" in report.what_to_do


# What cannot be


def test_folder_is_read_without_any_network(make, monkeypatch):
    def connect(self, address):
        raise AssertionError(f"a connection to {address}")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **named: connect(None, asked))
    assert make().images == 3


def test_pipeline_that_takes_no_prompt_is_refused(make, tmp_path):
    from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel

    unet = UNet2DModel(
        sample_size=8,
        block_out_channels=(8,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        norm_num_groups=4,
    )
    DDPMPipeline(unet, DDPMScheduler()).save_pretrained(tmp_path / "ddpm")
    with pytest.raises(UsageError, match="DDPMPipeline makes no images of prompts alone"):
        make(model=tmp_path / "ddpm")


def test_size_that_the_pipeline_refuses_is_wrong_usage(make):
    with pytest.raises(UsageError, match="divisible by 8"):
        make(size=(33, 33))


def test_pipeline_with_code_of_its_own_is_refused_and_the_code_not_run(make, tiny_model, tmp_path):
    model = shutil.copytree(tiny_model, tmp_path / "model")
    index = json.loads((model / "model_index.json").read_text())
    index["_class_name"] = ["mine", "Mine"]
    (model / "model_index.json").write_text(json.dumps(index))
    (model / "mine.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with pytest.raises(SourceError, match=r"code of its own \(mine\.py\)"):
        make(model=model)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"_class_name": "NoSuchPipeline"}'])
def test_damaged_pipeline_is_a_source_that_cannot_be_read(make, tmp_path, content):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model_index.json").write_text(content)
    with pytest.raises(SourceError, match=str(tmp_path / "model")):
        make(model=tmp_path / "model")


def test_failure_of_the_pipeline_is_told_and_what_is_there_stays(make, tmp_path, monkeypatch):
    from diffusers import AutoencoderKL

    make(images=1)

    def fail(self, *arguments, **named):
        raise RuntimeError("kernel not implemented for Half")

    monkeypatch.setattr(AutoencoderKL, "decode", fail)
    with pytest.raises(AuditError, match="failed on cpu: kernel not implemented"):
        make(images=2)
    assert len(read_generated(tmp_path / "out").images) == 1


def test_too_little_memory_says_to_take_a_smaller_batch(make, monkeypatch):
    import torch
    from diffusers import AutoencoderKL

    def fail(self, *arguments, **named):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(AutoencoderKL, "decode", fail)
    with pytest.raises(AuditError, match="not enough memory for a batch of 3") as caught:
        make()
    assert "--batch" in caught.value.hint


def test_model_that_does_not_fit_the_device_is_told_so(make, monkeypatch):
    import torch
    from diffusers import DiffusionPipeline

    def fail(self, *arguments, **named):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(DiffusionPipeline, "to", fail)
    with pytest.raises(AuditError, match="does not fit into the memory of cpu in float32"):
        make()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"images": 0}, "images cannot be 0"),
        ({"batch": -1}, "batch cannot be -1"),
        ({"steps": 0}, "steps cannot be 0"),
        ({"guidance": float("nan")}, "guidance cannot be nan"),
        ({"size": (0, 32)}, "size cannot be 0"),
        ({"dtype": "float31"}, "No type of numbers 'float31'"),
        ({"negative_prompt": "a\udcff"}, r"negative prompt 'a.*U\+DCFF"),
        ({"device": "gpu"}, "No device 'gpu'"),
        ({"domain": "faces"}, "'faces' is not a domain"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_loaded(
    make, monkeypatch, tmp_path, options, problem
):
    no_loading(monkeypatch)
    with pytest.raises(UsageError, match=problem):
        make(**options)
    assert not (tmp_path / "out").exists()
