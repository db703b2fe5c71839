"""How much of an encoder's own rate ``embed`` keeps when images come as files.

``python -m benchmarks.embedding`` makes pictures like those of photo sites, writes them into a tar
as JPEGs, and embeds it: reading, decoding, hashing, resizing, encoding, writing. Beside it, in
turns, it times the encoder alone on what ``prepare`` made of the same pictures. The ratio is what
counts: both move with the machine. Where the encoder runs on the processor, what decoding takes is
taken from it, and the ratio says that too. Two columns tell the reasons apart: the ratio of
processor times, which is what is left if nothing ever waits, and the share of the time in which the
encoder is at work.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.embeddings.embed import embed
from audit.embeddings.embed_part import BATCH_IMAGES
from audit.encoders.encoder import Encoder, load_encoder
from audit.images.collections import find_units
from audit.images.decoding import decode
from audit.parallel import processors
from benchmarks.pages import BENCHMARKS, made_on, write_section

HEADER = (
    "| encoder | device | pictures | on ready tensors, images/s | `embed`, images/s | ratio "
    "| of processor time | encoder at work |\n|---|---|---|---:|---:|---:|---:|---:|"
)
#: Random weights are as fast as others.
ARCHITECTURE = "ViT-B-32"


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, of all processors, and inside ``encode``."""

    wall: float
    cpu: float
    encoding: float


class Clocked:
    """An encoder that knows how long it was at work."""

    def __init__(self, encoder: Encoder) -> None:
        self.info, self.prepare, self._encoder = encoder.info, encoder.prepare, encoder
        self.seconds = 0.0

    def encode(self, prepared: Sequence[Any]) -> list[NDArray[np.float32]]:
        started = time.perf_counter()
        vectors = self._encoder.encode(prepared)
        self.seconds += time.perf_counter() - started
        return vectors


def jpeg(seed: int, width: int, height: int) -> bytes:
    """Soft shapes with a little grain: as many bytes a pixel as a photograph at quality 90."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.normal(0, 4, (height, width, 1)).round().astype(np.int16)
    stream = io.BytesIO()
    picture = Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8))
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def make_tar(path: Path, pictures: int, width: int, height: int) -> list[bytes]:
    files = [jpeg(seed, width, height) for seed in range(pictures)]
    with tarfile.open(path, "w") as tar:
        for number, data in enumerate(files):
            member = tarfile.TarInfo(f"{number:06d}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return files


def random_checkpoint(folder: Path) -> str:
    """The id of an open_clip encoder with weights that are made here."""
    from audit.encoders.torchvision_repair import import_torchvision

    import_torchvision()
    import open_clip
    import torch

    path = folder / "random.pt"
    torch.manual_seed(0)
    torch.save(open_clip.CLIP(**open_clip.get_model_config(ARCHITECTURE)).state_dict(), path)
    return f"open_clip:{ARCHITECTURE}/{path}"


def timed(work: Callable[[], Any], encoder: Clocked) -> Taken:
    wall, cpu, before = time.perf_counter(), time.process_time(), encoder.seconds
    work()
    return Taken(time.perf_counter() - wall, time.process_time() - cpu, encoder.seconds - before)


def measure(
    encoder: Clocked, tar: Path, files: list[bytes], folder: Path, threads: int, repeats: int
) -> tuple[Taken, Taken]:
    """The encoder alone, and ``embed``: each the fastest of some rounds, in turns."""
    ready = [encoder.prepare(decode(data)) for data in files]
    batches = [ready[i : i + BATCH_IMAGES] for i in range(0, len(ready), BATCH_IMAGES)]
    units = find_units([tar])

    def alone() -> None:
        for batch in batches:
            encoder.encode(batch)

    def whole() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        report = embed(units, folder, encoder, threads=threads)
        assert report.vectors == len(files), report.statuses

    encoder.encode(batches[0])  # the first call allocates
    rounds = [(timed(alone, encoder), timed(whole, encoder)) for _ in range(repeats)]
    first, second = zip(*rounds, strict=True)
    return min(first, key=lambda one: one.wall), min(second, key=lambda one: one.wall)


def row(name: str, device: str, pictures: str, count: int, alone: Taken, whole: Taken) -> str:
    of_cpu = f"{alone.cpu / whole.cpu:.0%}" if device == "cpu" else ""
    return (
        f"| {name} | {device} | {pictures} | {count / alone.wall:,.1f} | {count / whole.wall:,.1f} "
        f"| {alone.wall / whole.wall:.0%} | {of_cpu} "
        f"| {whole.encoding / whole.wall:.0%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=512)
    parser.add_argument("--sizes", nargs="*", default=["256x256", "512x384", "1024x768"])
    parser.add_argument("--encoders", nargs="*", default=["open_clip", "imagenet"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=processors())
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    made = (
        f"Made on {made_on('torch', 'open_clip_torch', 'pillow')}; {arguments.threads} threads "
        f"decode, {arguments.pictures} pictures, best of {arguments.repeats}."
    )
    lines = [HEADER]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for encoder_id in arguments.encoders:
            label = encoder_id
            if encoder_id == "open_clip":
                encoder_id = random_checkpoint(folder)
                label = f"open_clip, {ARCHITECTURE}"
            encoder = load_encoder(encoder_id, arguments.device)
            device = str(getattr(encoder, "_device", "cpu"))
            for size in arguments.sizes:
                width, height = map(int, size.split("x"))
                tar = folder / f"{size}.tar"
                files = make_tar(tar, arguments.pictures, width, height)
                pictures = f"{size}, {np.mean([len(data) for data in files]) / 1000:.0f} kB"
                alone, whole = measure(
                    Clocked(encoder),
                    tar,
                    files,
                    folder / "out",
                    arguments.threads,
                    arguments.repeats,
                )
                lines.append(row(label, device, pictures, len(files), alone, whole))
                print(lines[-1], flush=True)
    write_section(BENCHMARKS, "embedding", f"{made}\n\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
