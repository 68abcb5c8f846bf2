"""Opting out of libraries' reports."""

import os

import pytest

from shared.process.opt_outs import OPT_OUTS, opt_out_of_reports


def test_a_choice_of_the_operator_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator may let a library report; the variables that are not set get their values."""
    for name in OPT_OUTS:
        # Setting it first makes monkeypatch restore the variable after the test even if it was not
        # set before.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    opt_out_of_reports()

    assert {name: os.environ[name] for name in OPT_OUTS} == {**OPT_OUTS, "DO_NOT_TRACK": "0"}
