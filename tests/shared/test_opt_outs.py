"""Opting out of libraries' reports: what it sets, and what it leaves to the operator."""

import os

import pytest

from shared.opt_outs import OPT_OUTS, opt_out_of_reports


def test_a_choice_of_the_operator_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to send reports may; everything that nobody has chosen is off."""
    for name in OPT_OUTS:
        # Set before it is deleted, so that the end of the test puts back what was there.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("DO_NOT_TRACK", "0")
    opt_out_of_reports()

    assert {name: os.environ[name] for name in OPT_OUTS} == {**OPT_OUTS, "DO_NOT_TRACK": "0"}
