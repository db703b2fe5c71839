"""Which source column plays which role: the layouts that published datasets use.

To add a layout, add a :class:`Preset` to :data:`PRESETS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from audit.errors import ColumnError, did_you_mean

#: What a column can be to an audit: role -> what it holds.
ROLES = {
    "caption": "text that describes the image",
    "url": "where the image is",
    "width": "pixels",
    "height": "pixels",
    "license": "license as declared, raw",
    "license_url": "link to the license",
    "rights_holder": "who holds the rights",
    "license_end": "day on which the license ends (PLUS LicenseEndDate)",
    "creator": "who made the image",
    "page_url": "page that shows the image",
    "crawl_date": "when the image was crawled",
    "http_headers": "headers that the image came with, as JSON or as lines",
    "x_robots_tag": "X-Robots-Tag header that the image came with",
    "robots_txt": "robots.txt of the host when it was crawled, or what it says: allowed, denied",
    "tdm_reservation": "tdm-reservation (TDMRep): 1 reserved, 0 not",
    "tdm_policy": "tdm-policy (TDMRep): link to the terms",
    "data_mining": "DataMining property of the image's XMP (IPTC, PLUS)",
    "page_html": "HTML of the page, or its head, for the meta elements in it",
    "training_mining": "training-mining assertion (C2PA, CAWG) of the image, as JSON",
    "similarity": "CLIP similarity of image and caption",
    "nsfw": "safety label",
    "punsafe": "probability that the image is unsafe",
    "pwatermark": "probability of a watermark",
    "aesthetic": "aesthetic score",
    "language": "language of the caption",
    "phash": "perceptual hash",
    "md5": "hash of the image file",
    "sha256": "hash of the image file",
    "hash": "the source's own hash; LAION's covers URL and caption",
}

#: Names of columns that hold captions; two of them in one file, unexplained, are ambiguous.
CAPTION_COLUMNS = ("caption", "text", "alt_text", "alt")
#: Names that may hold captions; considered only where none of the above is there.
LIKELY_CAPTION_COLUMNS = ("title", "prompt", "description")
#: Role -> its usual columns, the likeliest first, in layouts that no preset describes.
USUAL_COLUMNS = {
    "url": ("url", "image_url", "img_url", "image_link", "downloadurl"),
    "width": ("width", "original_width"),
    "height": ("height", "original_height"),
    "license": ("license", "licensename", "license_type", "rights"),
    "license_url": ("license_url", "licenseurl"),
    "rights_holder": ("rights_holder", "copyright_holder"),
    "license_end": ("license_end", "license_end_date", "licenseenddate"),
    "creator": ("creator", "author", "artist"),
    "page_url": ("page_url", "pageurl", "webpage_url"),
    "crawl_date": ("crawl_date", "crawled_at"),
    "http_headers": ("http_headers", "response_headers"),
    "x_robots_tag": ("x_robots_tag",),
    "robots_txt": ("robots_txt",),
    "tdm_reservation": ("tdm_reservation",),
    "tdm_policy": ("tdm_policy",),
    "data_mining": ("data_mining",),
    "page_html": ("page_html",),
    "training_mining": ("training_mining",),
    "similarity": ("similarity", "clip_similarity"),
    "nsfw": ("nsfw",),
    "punsafe": ("punsafe",),
    "pwatermark": ("pwatermark",),
    "aesthetic": ("aesthetic_score", "aesthetic"),
    "language": ("language", "lang"),
    "phash": ("phash",),
    "md5": ("md5",),
    "sha256": ("sha256",),
    "hash": ("hash",),
}


@dataclass(frozen=True)
class Preset:
    """A published layout.

    ``signature`` are the columns that tell it from others, ``columns`` maps roles to columns; all
    in lower case. Roles that are not named fall back on their usual column, where it exists.
    """

    name: str
    signature: frozenset[str]
    columns: Mapping[str, str] = field(default_factory=dict)


def _preset(name: str, signature: str, columns: dict[str, str]) -> Preset:
    return Preset(name, frozenset(signature.split()), columns)


PRESETS = (
    _preset(
        "LAION-400M",
        "sample_id url text license nsfw similarity",
        {"caption": "text", "url": "url"},
    ),
    _preset(
        "LAION-2B/5B",
        "url text similarity punsafe pwatermark",
        {"caption": "text", "url": "url"},
    ),
    _preset(
        "LAION-COCO",
        "url text top_caption all_captions",
        {"caption": "text", "url": "url"},
    ),
    _preset("LAION (subset)", "url text", {"caption": "text", "url": "url"}),
    _preset(
        "COYO-700M",
        "id url text image_phash clip_similarity_vitb32 watermark_score",
        {
            "caption": "text",
            "url": "url",
            "phash": "image_phash",
            "similarity": "clip_similarity_vitb32",
            "pwatermark": "watermark_score",
            "punsafe": "nsfw_score_opennsfw_v2",
            "aesthetic": "aesthetic_score_laion_v2",
        },
    ),
    _preset(
        "DataComp",
        "uid url text original_width original_height clip_b32_similarity_score",
        {
            "caption": "text",
            "url": "url",
            "width": "original_width",
            "height": "original_height",
            "similarity": "clip_b32_similarity_score",
        },
    ),
    _preset(
        "CommonCatalog",
        "caption blip2_caption licensename licenseurl",
        {
            "caption": "caption",
            "license": "licensename",
            "license_url": "licenseurl",
            "creator": "unickname",
            "page_url": "pageurl",
        },
    ),
    _preset(
        "Fondant-CC-25M",
        "alt_text image_url license_location license_type webpage_url",
        {
            "caption": "alt_text",
            "url": "image_url",
            "license": "license_type",
            "page_url": "webpage_url",
        },
    ),
    _preset(
        "PD12M",
        "id url caption width height mime_type hash license",
        {"caption": "caption", "url": "url"},
    ),
    _preset(
        "img2dataset output",
        "url caption key status error_message",
        {
            "caption": "caption",
            "url": "url",
            "width": "original_width",
            "height": "original_height",
        },
    ),
    _preset("clip-retrieval metadata", "image_path caption", {"caption": "caption"}),
)


@dataclass(frozen=True)
class ColumnMapping:
    """The source column of every role, as decided for a dataset."""

    preset: str
    columns: dict[str, str]  #: role -> column, as spelled in the source
    #: Further columns that are copied unchanged -> their type, by its Arrow name.
    kept: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        return {"preset": self.preset, "columns": self.columns, "kept": self.kept}


def detect_columns(
    available: Mapping[str, object],
    overrides: Mapping[str, str] | None = None,
    keep: Iterable[str] = (),
    where: str = "the source",
) -> ColumnMapping:
    """Decide which column plays which role.

    Parameters
    ----------
    available:
        Columns of a shard -> their Arrow types.
    overrides:
        Role -> column, as the user said; they win over every preset.
    keep:
        Further columns to copy into the dataset.
    where:
        Names the shard in errors.

    Raises
    ------
    ColumnError
        If no column, or more than one, can be the caption, or a column named by the user is not
        there.
    """
    spelled = {name.lower(): name for name in available}
    asked = {
        role: _existing(column, available, where) for role, column in (overrides or {}).items()
    }
    names = [_existing(column, available, where) for column in keep]
    kept = {name: str(available[name]) for name in names}
    fitting = [preset for preset in PRESETS if preset.signature <= spelled.keys()]
    preset = max(fitting, key=lambda p: len(p.signature), default=None)
    usual = {
        role: next((spelled[name] for name in names if name in spelled), "")
        for role, names in USUAL_COLUMNS.items()
    }
    published = preset.columns if preset else {}
    columns = usual | {role: spelled[name] for role, name in published.items() if name in spelled}
    columns |= asked
    if "caption" not in asked:
        columns["caption"] = _caption_column(preset, spelled, where)
    columns = {role: columns[role] for role in ROLES if columns.get(role)}
    for role, column in columns.items():
        alike = sorted(name for name in available if name.lower() == column.lower())
        if len(alike) > 1 and role not in asked:
            raise ColumnError(
                f"{where}: {alike[0]!r} and {alike[1]!r} differ in case only.",
                hint=f"Say which one holds the {role}: --col {role}={alike[0]}.",
            )
    return ColumnMapping(preset.name if preset else "by column names", columns, kept)


def unused_columns(available: Mapping[str, object], mapping: ColumnMapping) -> list[str]:
    """Columns that would have a role, if the mapping had been decided on this shard."""
    chosen = {"caption": mapping.columns["caption"]}
    try:
        own = detect_columns(available, chosen).columns
    except ColumnError:
        return []
    return sorted(own[role] for role in own.keys() - mapping.columns.keys())


def _caption_column(preset: Preset | None, spelled: Mapping[str, str], where: str) -> str:
    candidates = {preset.columns["caption"]} if preset else set()
    candidates |= {name for name in CAPTION_COLUMNS if name in spelled}
    if not candidates:
        candidates = {name for name in LIKELY_CAPTION_COLUMNS if name in spelled}
    if len(candidates) > 1:
        listed = ", ".join(repr(spelled[name]) for name in sorted(candidates))
        raise ColumnError(
            f"{where}: more than one column could be the caption: {listed}.",
            hint=f"Say which one: --caption-col {spelled[min(candidates)]}.",
        )
    if not candidates:
        raise ColumnError(
            f"{where}: no caption column. Columns: {', '.join(spelled.values()) or 'none'}.",
            hint="Name the column that holds the captions: --caption-col COLUMN.",
        )
    return spelled[candidates.pop()]


def _existing(column: str, available: Iterable[str], where: str) -> str:
    spelled = {name.lower(): name for name in available} | {name: name for name in available}
    if column in spelled or column.lower() in spelled:
        return spelled.get(column) or spelled[column.lower()]
    near = did_you_mean(column, available) or did_you_mean(column.lower(), spelled)
    listed = ", ".join(available)
    raise ColumnError(
        f"{where}: there is no column {column!r}.",
        hint=f"{near + ' ' if near else ''}Columns: {listed}.",
    )
