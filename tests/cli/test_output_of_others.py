"""What img2dataset downloaded by itself, and a folder as clip-retrieval writes it: read unchanged."""

from __future__ import annotations

import functools
import hashlib
import http.server
import importlib.util
import json
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.encoders.encoder import load_encoder
from audit.images.decoding import decode
from audit.sample import pictures_path, references_path

pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")
pytest.importorskip("numkong", reason="needs numkong: pip install 'concept-audit[visual]'")

#: Pictures that are served, all of the concept among them, and of how many the link is dead.
SERVED, DEAD = 600, 40


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def some():
    """600 of the sample's pictures, and which show the concept."""
    table = pq.read_table(pictures_path())
    shows = np.array([creator == "codifiedivining" for creator in table["creator"].to_pylist()])
    rows = np.concatenate([np.flatnonzero(shows), np.flatnonzero(~shows)])[:SERVED]
    rows = np.random.default_rng(0).permutation(rows)
    return table.take(rows), shows[rows]


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def downloaded(some, tmp_path):
    """Calls img2dataset as its users do; the last 40 links are dead."""
    if importlib.util.find_spec("img2dataset") is None:
        pytest.skip("img2dataset is not installed: pip install 'concept-audit[fetch]'")
    table, _ = some
    web = tmp_path / "web"
    web.mkdir()
    for number, data in enumerate(table["image"].to_pylist()[: SERVED - DEAD]):
        (web / f"{number}.webp").write_bytes(data)
    handler = functools.partial(_Quiet, directory=str(web))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    urls = [f"http://127.0.0.1:{server.server_port}/{number}.webp" for number in range(SERVED)]
    links = tmp_path / "links.parquet"
    pq.write_table(pa.table({"url": urls, "caption": table["caption"]}), links)

    def call(layout):
        out = tmp_path / layout
        options = {
            "url_list": links, "input_format": "parquet", "url_col": "url", "caption_col": "caption",
            "output_folder": out, "output_format": layout, "image_size": 256,
            "resize_mode": "no", "number_sample_per_shard": 250, "processes_count": 1,
            "thread_count": 8, "enable_wandb": False, "compute_hash": "sha256",
        }  # fmt: skip
        command = [f"--{name}={value}" for name, value in options.items()]
        done = subprocess.run(
            [sys.executable, "-c", "from img2dataset.main import main; main()", *command],
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return out

    yield call
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("layout", ["webdataset", "files", "parquet"])
def test_what_img2dataset_downloaded_is_counted(audit, some, downloaded, layout):
    _, shows = some
    out = downloaded(layout)
    before = digests(out)
    tables = sorted(out.glob("*.parquet"))
    assert tables, "img2dataset writes a table beside every shard"
    for command in (
        ("ingest", *tables, "--name", "some"),
        ("embed", out, "--dataset", "some", "--encoder", "hog"),
        ("index", "--dataset", "some"),
    ):
        answer = audit(*command)
        assert answer.code == 0, answer.err
    asked = audit("count", "-c", "gramastar", "--references", references_path(), "--output", "json")
    answer = json.loads(asked.out)
    (result,) = answer["results"]
    assert digests(out) == before
    strata = result["named"], result["unnamed"]
    assert sum(stratum["examined"] for stratum in strata) == SERVED - DEAD
    assert sum(stratum["population"] for stratum in strata) >= SERVED - DEAD
    truth = int(shows[: SERVED - DEAD].sum())
    assert result["samples"]["low"] <= truth <= result["samples"]["high"]
    assert abs(result["matched_images"] - truth) <= 3


def test_folder_of_clip_retrieval_is_counted(audit, some, write_shard, tmp_path):
    table, shows = some
    urls = [f"https://example.org/{number}.webp" for number in range(SERVED)]
    captions = table["caption"].to_pylist()
    shard = write_shard("a.parquet", captions, URL=urls)
    encoder = load_encoder("hog", "cpu")
    pictures = [encoder.prepare(decode(data)) for data in table["image"].to_pylist()]
    vectors = np.concatenate(encoder.encode(pictures)).astype(np.float16)
    folder = tmp_path / "from clip-retrieval"
    for name in ("img_emb", "metadata", "text_emb"):
        (folder / name).mkdir(parents=True)
    order = np.random.default_rng(1).permutation(SERVED)
    for number, rows in enumerate(np.array_split(order, 3)):
        np.save(folder / "img_emb" / f"img_emb_{number}.npy", vectors[rows])
        np.save(folder / "text_emb" / f"text_emb_{number}.npy", vectors[rows])
        metadata = {
            "image_path": [f"{row:09d}" for row in rows],
            "caption": [captions[row] for row in rows],
            "url": [urls[row] for row in rows],
        }
        pq.write_table(pa.table(metadata), folder / "metadata" / f"metadata_{number}.parquet")
    before = digests(folder)
    assert audit("ingest", shard, "--name", "some").code == 0
    refused = audit("index", folder)
    assert refused.code == 2
    assert "--encoder" in refused.err
    assert audit("index", folder, "--encoder", "hog").code == 0
    asked = audit("count", "-c", "gramastar", "--references", references_path(), "--output", "json")
    (result,) = json.loads(asked.out)["results"]
    assert digests(folder) == before
    assert result["samples"]["low"] <= shows.sum() <= result["samples"]["high"]
    assert abs(result["matched_images"] - shows.sum()) <= 3
