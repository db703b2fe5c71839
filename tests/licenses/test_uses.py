"""What a license permits, for what one wants to do."""

from __future__ import annotations

import pytest

from audit.errors import UsageError
from audit.licenses import judge_use, normalise, use_profile, use_profiles

PROFILES = ("research", "commercial-training", "redistribution")


@pytest.mark.parametrize(
    ("value", "answers"),
    [
        ("CC BY 4.0", ("allowed", "allowed", "allowed")),
        ("CC BY-SA 4.0", ("allowed", "allowed", "allowed")),
        ("CC0", ("allowed", "allowed", "allowed")),
        ("Public Domain Mark", ("unknown", "unknown", "unknown")),
        ("MIT", ("allowed", "allowed", "allowed")),
        ("CC BY-NC 4.0", ("allowed", "denied", "allowed")),
        ("CC BY-ND 4.0", ("allowed", "denied", "allowed")),
        ("CC Sampling 1.0", ("unknown", "unknown", "denied")),
        ("InC-NC", ("allowed", "denied", "allowed")),
        ("InC-EDU", ("unknown", "denied", "unknown")),
        ("NoC-NC", ("allowed", "denied", "allowed")),
        ("NoC-CR", ("unknown", "unknown", "unknown")),
        ("NoC-US", ("unknown", "unknown", "unknown")),
        ("All rights reserved", ("denied", "denied", "denied")),
        ("© Tate", ("denied", "denied", "denied")),
        ("Public domain", ("unknown", "unknown", "unknown")),
        ("No known copyright restrictions", ("unknown", "unknown", "unknown")),
        ("BUSL-1.1", ("unknown", "unknown", "unknown")),
        ("?", ("unknown", "unknown", "unknown")),
        ("MIT OR CC-BY-NC-4.0", ("allowed", "allowed", "allowed")),
        ("MIT AND CC-BY-NC-4.0", ("allowed", "denied", "allowed")),
        ("MIT AND LicenseRef-mine", ("unknown", "unknown", "unknown")),
        ("CC-BY-NC-4.0 AND LicenseRef-mine", ("unknown", "denied", "unknown")),
        ("(MIT OR CC-BY-NC-4.0) AND CC-BY-NC-2.0", ("allowed", "denied", "allowed")),
    ],
)
def test_permission(value, answers):
    license = normalise(value).license
    assert tuple(judge_use(license, use_profile(name)).answer for name in PROFILES) == answers


def test_reasons_name_what_is_refused_asked_and_not_said():
    def reason(value, name):
        return judge_use(normalise(value).license, use_profile(name)).reason

    assert reason("CC BY-NC 4.0", "commercial-training") == "Not permitted: use for gain."
    assert "the author is named" in reason("CC BY 4.0", "redistribution")
    assert "without gain" in reason("CC BY-NC 4.0", "redistribution")
    assert "same license" in reason("CC BY-SA 4.0", "commercial-training")
    assert reason("Public domain", "research") == "Not said: copying."
    assert reason("MIT AND CC-BY-NC-4.0", "commercial-training").startswith("CC-BY-NC-4.0: ")


def test_profiles_are_those_three_and_another_is_a_mistake():
    assert tuple(use_profiles()) == PROFILES
    with pytest.raises(UsageError, match="comercial-training") as caught:
        use_profile("comercial-training")
    assert "commercial-training" in caught.value.hint


def test_what_holds_together_is_as_strict_as_its_strictest_part():
    both = normalise("MIT AND CC-BY-SA-4.0 AND CC-BY-NC-4.0").license.terms
    assert both.share_alike is True
    assert both.attribution is True
    assert both.commercial_use is False
    assert both.database_right is None
    either = normalise("CC-BY-SA-4.0 OR CC-BY-4.0").license.terms
    assert either.attribution is True
    assert either.share_alike is None


def test_columns_and_options_are_those_of_the_tables():
    from audit.cli.license import NUMBERINGS as OFFERED
    from audit.licenses.frame import SCHEMA
    from audit.licenses.normalise import NUMBERINGS

    assert OFFERED == NUMBERINGS
    assert (
        tuple(name.removeprefix("use_") for name in SCHEMA if name.startswith("use_")) == PROFILES
    )
