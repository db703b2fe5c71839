"""Fixed cut-offs that were published, with what they were calibrated on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedCutOff:
    """A score that somebody else chose, for one encoder and one way of scoring."""

    name: str
    value: float
    encoder: str
    domain: str
    source: str
    warning: str

    def fits(self, encoder_id: str) -> bool:
        return self.encoder.lower() in encoder_id.lower()


_MIMETIC = "Verma et al. 2024, arXiv 2410.15002"
_ON_MEANS = (
    "it was calibrated on the mean similarity to several references and is applied to the largest, "
    "which lets the more false matches through the more references there are"
)

PUBLISHED: dict[str, PublishedCutOff] = {
    cutoff.name: cutoff
    for cutoff in (
        PublishedCutOff(
            "insightface-celebrities", 0.4567, "insightface", "face", _MIMETIC, _ON_MEANS
        ),
        PublishedCutOff(
            "insightface-politicians", 0.5576, "insightface", "face", _MIMETIC, _ON_MEANS
        ),
        PublishedCutOff("csd-classical", 0.2783, "csd", "art-style", _MIMETIC, _ON_MEANS),
        PublishedCutOff("csd-modern", 0.2883, "csd", "art-style", _MIMETIC, _ON_MEANS),
        PublishedCutOff(
            "dfn5b-artwork",
            0.1815,
            "dfn5b",
            "art-style",
            _MIMETIC,
            'it tells artworks from other images by the words "an artwork"; it does not tell '
            "artists apart",
        ),
    )
}
