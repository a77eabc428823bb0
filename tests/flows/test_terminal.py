"""What strangers wrote is shown on a terminal, and never obeyed."""

import logging

import pytest
import typer

from flows.cli.render import data
from flows.cli.runner import _log_to_stderr, _say, command

ATTACK = "[red]\x1b[2J\x9b31m\u202eevil\x07 http://me:pw@host/ é 🔥"
SHOWN = "[red]\\x1b[2J\\x9b31m\\u202eevil\\x07 http://***@host/ é 🔥"


def test_messages_move_no_cursor_and_tell_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    _say(ATTACK, "Error")
    assert capsys.readouterr().err == f"Error: {SHOWN}\n"


@pytest.mark.parametrize(("debug", "shown"), [(False, "WARNING: cut"), (True, "WARNING tasks.sources: cut")])
def test_a_warning_names_its_module_for_debugging_only(
    debug: bool, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[logging.Handler] = []
    monkeypatch.setattr(logging, "basicConfig", lambda **given: kept.extend(given["handlers"]))
    _log_to_stderr(debug)
    assert kept[0].format(logging.LogRecord("tasks.sources", logging.WARNING, "", 0, "cut", None, None)) == shown


def test_quarantined_rows_are_shown_as_they_stand(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"source": ATTACK, "source_row": 3, "rule": "no-text", "reason": ATTACK, "record": {"text": ATTACK}}
    data.quarantined({"rows": [row], "shown": 1, "of": 1, "table": "0" * 32})
    shown = capsys.readouterr().out
    assert not set(shown) & set("\x1b\x9b\u202e\x07")
    assert "[red]" in shown


def test_an_option_that_is_wrong_is_named_whenever_that_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, command(debug=False, state="none"):
        raise typer.BadParameter("'x' is not a list of numbers", param_hint="--adapt")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == "Error: --adapt: 'x' is not a list of numbers\n"
