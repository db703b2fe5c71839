"""The face encoder, on a photograph of an astronaut and small portraits of fifty others."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from audit.encoders import faces
from audit.encoders.encoder import load_encoder, unit
from audit.errors import MissingPackageError, UsageError

#: The cosine that dlib's distance of 0.6 is about.
SAME_PERSON = 0.91


@pytest.fixture(scope="module")
def encoder(needs):
    needs("faces", "dlib", "face_recognition_models", "PIL")
    return load_encoder("faces", "cpu")


@pytest.fixture(scope="module")
def astronaut(encoder, photograph):
    return photograph("astronaut")


@pytest.fixture(scope="module")
def face(encoder, astronaut, vectors_of):
    vectors = vectors_of(encoder, [astronaut])
    assert vectors.shape == (1, encoder.info.dimension) == (1, 128)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    return vectors[0]


def beside(left, right):
    from PIL import Image

    both = Image.new("RGB", (left.width + right.width, max(left.height, right.height)))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    return both


@pytest.mark.parametrize("change", ["mirrored", "dark", "small", "huge", "saved", "turned", "cut"])
def test_the_same_face_matches_however_the_picture_was_changed(
    encoder, astronaut, face, saved_again, vectors_of, change
):
    from PIL import ImageEnhance, ImageOps

    changed = {
        "mirrored": ImageOps.mirror,
        "dark": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
        "small": lambda picture: picture.resize((256, 256)),
        "huge": lambda picture: picture.resize((4000, 4000)),
        "saved": lambda picture: saved_again(picture, 25),
        "turned": lambda picture: picture.rotate(5, fillcolor="grey"),
        "cut": lambda picture: picture.crop((100, 0, 400, 300)),
    }[change](astronaut)
    vectors = vectors_of(encoder, [changed])
    assert len(vectors) == 1
    assert float(vectors[0] @ face) > SAME_PERSON + 0.02


@pytest.fixture(scope="module")
def portraits(encoder):
    """50 people, 25 x 25 grey pixels each, enlarged to what the network wants."""
    from PIL import Image

    data = pytest.importorskip("skimage.data", reason="needs scikit-image for its photographs")
    greys = (data.lfw_subset()[:50] * 255).astype(np.uint8)
    return [np.asarray(Image.fromarray(grey).resize((150, 150)).convert("RGB")) for grey in greys]


@pytest.fixture(scope="module")
def descriptors(encoder, portraits):
    """What dlib says of the portraits, at its own lengths."""
    return np.array(encoder._network.compute_face_descriptor(portraits))


def test_other_people_are_less_alike_than_any_change_of_a_picture(descriptors, face):
    """As blurred as these portraits are, one in a hundred passes the cut-off; none the changes."""
    cosines = unit(descriptors) @ face
    assert (cosines > SAME_PERSON).mean() <= 0.02
    assert cosines.max() < SAME_PERSON + 0.02


def test_every_face_of_a_picture_gets_a_vector(encoder, astronaut, face, vectors_of):
    from PIL import ImageOps

    pair = beside(astronaut, ImageOps.mirror(astronaut))
    vectors = vectors_of(encoder, [pair])
    assert len(vectors) == 2
    assert (vectors @ face).min() > SAME_PERSON


def test_no_face_no_vector(encoder, photograph, drawn, vectors_of):
    pictures = [photograph("chelsea"), photograph("coffee"), drawn(1), drawn(2, 30, 900)]
    assert vectors_of(encoder, pictures).shape == (0, 128)


def test_vectors_stay_with_their_pictures(encoder, astronaut, photograph, face):
    pair = beside(astronaut, astronaut.resize((400, 400)))
    pictures = [photograph("chelsea"), astronaut, pair, photograph("coffee")]
    vectors = encoder.encode([encoder.prepare(picture) for picture in pictures])
    assert [len(one) for one in vectors] == [0, 1, 2, 0]
    assert np.array_equal(vectors[1][0], face)
    assert encoder.encode([]) == []


def test_cosine_orders_pairs_nearly_as_distance_does(encoder, portraits, descriptors):
    """What the docstring says: d^2 = (r - s)^2 + 2 r s (1 - cosine), lengths about 1.4."""
    from scipy.stats import spearmanr

    lengths = np.linalg.norm(descriptors, axis=1)
    assert lengths.mean() == pytest.approx(1.4, abs=0.1)
    assert lengths.std() < 0.1
    vectors = unit(descriptors)
    assert np.concatenate(encoder.encode([portraits[:2], portraits[2:3]])) == pytest.approx(
        vectors[:3], abs=1e-6
    )
    first, second = np.triu_indices(len(vectors), 1)
    distances = np.linalg.norm(descriptors[first] - descriptors[second], axis=1)
    cosines = (vectors[first] * vectors[second]).sum(axis=1)
    r, s = lengths[first], lengths[second]
    assert distances**2 == pytest.approx((r - s) ** 2 + 2 * r * s * (1 - cosines), abs=1e-4)
    assert spearmanr(distances, -cosines).statistic > 0.9


def test_loading_again_gives_the_same_info(encoder):
    assert load_encoder("faces", "auto").info == encoder.info
    assert encoder.info.id == "faces"


@pytest.mark.parametrize(("what", "device"), [("cnn", "cpu"), ("", "cuda"), ("", "cuda:1")])
def test_there_is_only_one_and_it_runs_on_the_processor(what, device):
    with pytest.raises(UsageError):
        faces.load(what, device)


def test_missing_package_is_named_with_its_extra(monkeypatch):
    for module in ("dlib", "face_recognition_models"):
        with monkeypatch.context() as patched:
            patched.setitem(sys.modules, module, None)
            with pytest.raises(MissingPackageError) as caught:
                faces.load("", "cpu")
        assert "concept-audit[faces]" in caught.value.hint
