"""A threshold of your own: what `audit threshold` answered, read as a known threshold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from audit.concepts.concept import check_domain
from audit.curated.problems import is_text, shown
from audit.errors import ConceptError, UsageError
from audit.thresholds.known import KnownThreshold, check_values

#: Whose threshold is taken of an estimate that has both.
Voice = Literal["audit", "paper"]

ESTIMATE_SCHEMA = "audit.threshold/1"
_CAVEATS = {
    "audit": "it holds for the model, the training set and the scores that it was estimated on",
    "paper": "where the published rule sees a change depends on its penalty",
}
#: What the estimator says where there is no value.
_NONE = ("no threshold", "not enough data")


def is_estimate(record: object) -> bool:
    """Whether a JSON value is an answer of `audit threshold`."""
    return isinstance(record, Mapping) and record.get("schema") == ESTIMATE_SCHEMA


def threshold_of_estimate(record: Mapping[str, Any], path: Path, voice: Voice) -> KnownThreshold:
    """The threshold of an answer of `audit threshold`, of one voice.

    Where that voice has none, there is none, whatever the other says.

    Raises
    ------
    UsageError
        If the answer is damaged.
    """
    said = record.get(voice)
    if not isinstance(said, Mapping):
        raise _damaged(path, f"it says nothing under {voice!r}")
    domain, model = record.get("domain"), record.get("model")
    if not all(text is None or is_text(text) for text in (domain, model)):
        raise _damaged(path, "its domain or model is no text")
    if domain is not None:
        try:
            check_domain(domain)
        except ConceptError as error:
            raise _damaged(path, error.message.rstrip(".")) from error
    value, interval, reason = _paper(said) if voice == "paper" else _audit(said, path)
    if reason is None:
        wrong = check_values(value, interval)
        if wrong:
            raise _damaged(path, wrong)
    method = said.get("method")
    return KnownThreshold(
        value=None if reason else value,
        interval=None if reason or interval is None else (interval[0], interval[1]),
        domain=domain,
        models=() if model is None else (model,),
        method=method if is_text(method) else "estimated by audit threshold",
        source=f"{path.name}, {voice} mode",
        caveats=(_CAVEATS[voice], *_open_ends(said), *_falls(said)),
        reason=reason,
        place=path.name,
    )


def _falls(said: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = said.get("mean_before"), said.get("mean_after")
    if isinstance(before, int | float) and isinstance(after, int | float) and after < before:
        return ("scores fall there: it is the count from which they are lower",)
    return ()


def _open_ends(said: Mapping[str, Any]) -> tuple[str, ...]:
    ends = said.get("interval_open")
    if isinstance(ends, list) and any(end is True for end in ends):
        return ("its interval ends where the counts end, and might go on beyond",)
    return ()


def _audit(said: Mapping[str, Any], path: Path) -> tuple[Any, Any, str | None]:
    verdict = said.get("verdict")
    if verdict == "threshold":
        return said.get("threshold"), said.get("interval"), None
    if verdict not in _NONE:
        raise _damaged(path, f"its verdict is {shown(verdict)}")
    why = said.get("reason")
    return None, None, f"{verdict}: {why}" if why and is_text(why) else str(verdict)


def _paper(said: Mapping[str, Any]) -> tuple[Any, Any, str | None]:
    value = said.get("threshold")
    return value, None, "the published rule finds no change point" if value is None else None


def _damaged(path: Path, what: str) -> UsageError:
    return UsageError(
        f"{path}: is damaged, or of another version of audit: {what}.",
        hint="Estimate the threshold again: audit threshold SCORES --output json > FILE.",
    )
