"""Errors say what happened and what to do, and survive the way between processes."""

from __future__ import annotations

import pickle

from audit.errors import AuditError, ColumnError, UsageError, did_you_mean


def test_exit_codes_follow_the_tree():
    assert AuditError("x").exit_code == ColumnError("x").exit_code == 1
    assert UsageError("x").exit_code == 2


def test_hint_is_not_lost_between_processes():
    error = pickle.loads(pickle.dumps(ColumnError("what", hint="remedy")))
    assert (type(error), error.message, error.hint) == (ColumnError, "what", "remedy")
    assert str(error) == "what\nremedy"


def test_suggestions_are_near():
    assert did_you_mean("widht", ["width", "height"]) == "Did you mean 'width'?"
    assert did_you_mean("quux", ["width", "height"]) is None
