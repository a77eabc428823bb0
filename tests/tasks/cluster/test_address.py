"""What --cluster accepts, and what it refuses with the remedy."""

import pytest

from tasks.cluster.address import parse


@pytest.mark.parametrize(
    "text", ["", "none", "local:1", "tls://node1:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"]
)
def test_each_form_is_understood(text: str) -> None:
    assert parse(text).kind in ("none", "local", "scheduler")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("local:0", "none computes in one process"),
        ("local:999", "this machine has"),
        ("local:two", "give none, local:N"),
        ("localhost", "give none, local:N"),
        ("tls://node1", "lacks a host or a port"),
        ("tls://node1:no", "lacks a host or a port"),
        ("tls://user@node1:8786", "lacks a host or a port"),
        ("tcp://node1:8786", "tls://node1:8786"),
        ("tcp://0.0.0.0:8786", "must speak TLS"),
        ("http://node1:8786", "is not understood"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_give_instead(text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy.replace("(", r"\(")):
        parse(text)
