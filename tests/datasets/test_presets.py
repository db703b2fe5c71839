"""Every published layout is recognised by its columns; what is ambiguous is refused."""

from __future__ import annotations

import pytest

from audit.datasets.presets import PRESETS, detect_columns
from audit.errors import ColumnError

LAYOUTS = {
    "LAION-400M": (
        "SAMPLE_ID URL TEXT HEIGHT WIDTH LICENSE NSFW similarity",
        {"caption": "TEXT", "url": "URL", "license": "LICENSE", "width": "WIDTH", "nsfw": "NSFW"},
    ),
    "LAION-2B/5B": (
        "URL TEXT WIDTH HEIGHT similarity hash punsafe pwatermark LANGUAGE AESTHETIC_SCORE md5",
        {
            "caption": "TEXT",
            "punsafe": "punsafe",
            "language": "LANGUAGE",
            "aesthetic": "AESTHETIC_SCORE",
            "hash": "hash",
            "md5": "md5",
        },
    ),
    "LAION-COCO": (
        "URL TEXT top_caption all_captions all_similarities WIDTH HEIGHT similarity hash",
        {"caption": "TEXT", "url": "URL"},
    ),
    "COYO-700M": (
        (
            "id url text width height image_phash text_length word_count num_faces "
            "clip_similarity_vitb32 clip_similarity_vitl14 nsfw_score_opennsfw_v2 watermark_score "
            "aesthetic_score_laion_v2"
        ),
        {
            "caption": "text",
            "phash": "image_phash",
            "similarity": "clip_similarity_vitb32",
            "pwatermark": "watermark_score",
        },
    ),
    "DataComp": (
        (
            "uid url text original_width original_height clip_b32_similarity_score "
            "clip_l14_similarity_score face_bboxes sha256"
        ),
        {"width": "original_width", "similarity": "clip_b32_similarity_score", "sha256": "sha256"},
    ),
    "CommonCatalog": (
        (
            "caption blip2_caption licensename licenseurl pageurl uid unickname downloadurl title "
            "description width height"
        ),
        {
            "caption": "caption",
            "license": "licensename",
            "license_url": "licenseurl",
            "creator": "unickname",
            "url": "downloadurl",
        },
    ),
    "Fondant-CC-25M": (
        "alt_text image_url license_location license_type webpage_url surt_url top_level_domain",
        {"caption": "alt_text", "url": "image_url", "license": "license_type"},
    ),
    "PD12M": (
        "id url caption width height mime_type hash license source",
        {"caption": "caption", "license": "license"},
    ),
    "img2dataset output": (
        (
            "url caption key status error_message width height original_width original_height exif "
            "sha256"
        ),
        {"caption": "caption", "width": "original_width", "sha256": "sha256"},
    ),
    "clip-retrieval metadata": ("image_path caption NSFW", {"caption": "caption"}),
    "LAION (subset)": ("URL TEXT __index_level_0__", {"caption": "TEXT", "url": "URL"}),
}


def detect(columns: str, **arguments: object):
    return detect_columns(dict.fromkeys(columns.split(), "string"), **arguments)


def test_every_preset_has_a_layout_here():
    assert {preset.name for preset in PRESETS} == LAYOUTS.keys()


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize(
    "change_case", [str, str.lower, str.upper], ids=["as is", "lower", "upper"]
)
def test_published_layout_is_recognised_whatever_its_case(name, change_case):
    columns, roles = LAYOUTS[name]
    mapping = detect(change_case(columns))
    assert mapping.preset == name
    for role, column in roles.items():
        assert mapping.columns[role] == change_case(column)


def test_unknown_layout_with_one_caption_column_is_understood():
    mapping = detect("image_link alt width")
    assert mapping.columns == {"caption": "alt", "url": "image_link", "width": "width"}


def test_title_is_a_caption_only_where_nothing_better_is():
    assert detect("url title").columns["caption"] == "title"
    assert detect("url title caption").columns["caption"] == "caption"


@pytest.mark.parametrize(
    "columns", ["url text caption", "SAMPLE_ID URL TEXT LICENSE NSFW similarity alt_text"]
)
def test_two_candidates_are_refused_and_named(columns):
    with pytest.raises(ColumnError) as error:
        detect(columns, where="a.parquet")
    assert "a.parquet" in error.value.message
    assert "more than one column" in error.value.message
    assert "--caption-col" in error.value.hint


def test_no_candidate_is_refused_and_the_columns_are_listed():
    with pytest.raises(ColumnError, match=r"no caption column\. Columns: URL, WIDTH"):
        detect("URL WIDTH")


def test_columns_that_differ_in_case_only_are_refused():
    with pytest.raises(ColumnError, match="'TEXT' and 'text' differ in case only") as error:
        detect("url TEXT text")
    assert "--col caption=TEXT" in error.value.hint
    for chosen in ("TEXT", "text"):
        assert detect("url TEXT text", overrides={"caption": chosen}).columns["caption"] == chosen
    assert detect("url text Other other").columns["caption"] == "text"


def test_the_users_word_wins():
    mapping = detect("url text caption", overrides={"caption": "CAPTION", "license": "text"})
    assert mapping.columns["caption"] == "caption"
    assert mapping.columns["license"] == "text"


def test_a_column_that_is_not_there_is_refused_with_a_suggestion():
    with pytest.raises(ColumnError) as error:
        detect("url text", overrides={"caption": "txt"})
    assert "'txt'" in error.value.message
    assert "Did you mean 'text'?" in error.value.hint


def test_kept_columns_are_checked_and_remember_their_type():
    mapping = detect_columns({"url": "string", "text": "string", "Year": "int64"}, keep=["year"])
    assert mapping.kept == {"Year": "int64"}
    with pytest.raises(ColumnError):
        detect("url text", keep=["yeer"])
