"""Who is let in: this machine, or those whose token stands in the file; no page of elsewhere."""

from pathlib import Path

import pytest
from asgi_client import Client
from word_model import service

from flows.operations.serve import ServeRequest
from tasks.service.access import EVERYBODY, Access, read_tokens, session_of
from tasks.service.app import create_app

TOKEN, OTHER = "a" * 24, "b" * 24
TWO = Access({TOKEN: "anna", OTHER: "bert"})
PAGE = {"accept": "text/html"}


def client(access: Access = EVERYBODY, address: str = "http://127.0.0.1:8000") -> Client:
    return Client(create_app(service(), access), base_url=address)


def test_the_file_holds_a_token_and_a_name_to_a_line(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text(f"# who may ask\n{TOKEN} Anna Berg\n\n{OTHER}  bert\n")
    access = read_tokens(path)
    assert access.name_of_token(TOKEN) == "Anna Berg"
    assert access.name_of_token(OTHER) == "bert"
    assert access.name_of_token("") is None
    assert access.name_of_token("c" * 24) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no token"),
        ("short anna\n", "line 1 .* begins with a token of 5 characters"),
        (f"{TOKEN} anna\n{TOKEN} bert\n", "line 2 .* repeats a token"),
        (f"{TOKEN}\n", "line 1 .* has no name"),
    ],
)
def test_a_file_in_another_form_is_refused_without_its_tokens(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "tokens.txt").write_text(text)
    with pytest.raises(ValueError, match=said) as refused:
        read_tokens(tmp_path / "tokens.txt")
    assert "openssl rand" in str(refused.value)
    assert TOKEN not in str(refused.value)
    with pytest.raises(ValueError, match="cannot be read"):
        read_tokens(tmp_path / "absent.txt")


def test_a_service_for_other_machines_needs_tokens_and_says_how(tmp_path: Path) -> None:
    request = ServeRequest(host="0.0.0.0")
    with pytest.raises(ValueError, match=r"--host 0\.0\.0\.0 opens .* --token-file FILE .*openssl rand") as refused:
        request.access("http://0.0.0.0:8000")
    assert "\n" not in str(refused.value)
    assert not ServeRequest().access("http://127.0.0.1:8000").closed
    (tmp_path / "tokens").write_text(f"{TOKEN} anna")
    assert ServeRequest(host="0.0.0.0", token_file=tmp_path / "tokens").access("http://0.0.0.0:8000").closed


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8000", ""])
def test_a_service_of_this_machine_answers_under_no_other_name(host: str) -> None:
    answer = client().get("/version", headers={"host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_host")
    assert client().get("/version", headers={"host": "localhost:8000"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9000", "http://[broken"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/predict"), ("POST", "/files?name=x"), ("DELETE", "/files/x")])
def test_what_a_page_of_another_address_sends_is_refused(method: str, path: str, origin: str) -> None:
    answer = client().request(method, path, headers={"origin": origin}, content=b'{"text": "fire"}')
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "wrong_origin")


def test_the_services_own_pages_and_programs_without_origin_may_send() -> None:
    for headers in ({"origin": "http://127.0.0.1:8000"}, {}):
        assert client().post("/predict", json={"text": "fire"}, headers=headers).status_code == 200


def test_without_a_token_there_is_no_answer_but_how_it_is() -> None:
    asked = client(TWO, "https://desk.example")
    assert asked.get("/health").status_code == 200
    for path in ("/version", "/openapi.json", "/overview", "/files/x", "/docs", "/nowhere"):
        answer = asked.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "no_token"), path
    assert asked.post("/predict", json={"text": "fire"}, headers={"authorization": "Bearer wrong"}).status_code == 401
    sent_on = asked.get("/", headers=PAGE)
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, "/login")


def test_programs_send_their_token_as_a_bearer() -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert (
        client(TWO, "http://desk.example").post("/predict", json={"text": "fire"}, headers=headers).json()["label"] == 1
    )


def test_a_browser_shows_its_token_once_and_stays_signed_in_when_the_service_starts_anew() -> None:
    asked = client(TWO, "https://desk.example")
    signed = asked.post("/login", data={"token": TOKEN}, headers={"origin": "https://desk.example"})
    assert signed.headers["location"] == "/"
    cookie = signed.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/"))
    assert TOKEN not in cookie
    assert "anna" in asked.get("/", headers=PAGE).text
    anew = client(TWO, "https://desk.example")
    anew.cookies.set("crisisflow", session_of(TOKEN))
    assert anew.get("/version").status_code == 200
    anew.cookies.set("crisisflow", session_of("c" * 24))
    assert anew.get("/version").status_code == 401


def test_without_encryption_the_cookie_is_not_marked_as_for_https_alone() -> None:
    assert (
        "Secure" not in client(TWO, "http://desk.example").post("/login", data={"token": TOKEN}).headers["set-cookie"]
    )


def test_signing_out_takes_the_cookie_away() -> None:
    asked = client(TWO, "https://desk.example")
    asked.post("/login", data={"token": TOKEN})
    asked.post("/logout")
    assert asked.get("/version").status_code == 401


def test_tokens_are_not_tried_without_end() -> None:
    asked = client(TWO, "https://desk.example")
    tried = [asked.post("/login", data={"token": f"wrong {n}"}).status_code for n in range(12)]
    assert tried[:10] == [403] * 10
    assert tried[10:] == [429] * 2


@pytest.mark.parametrize("access", [EVERYBODY, TWO], ids=["open", "tokens"])
def test_every_answer_forbids_framing_and_guessing_of_types(access: Access) -> None:
    for path in ("/", "/health", "/nowhere", "/login", "/docs", "/static/page.css"):
        headers = client(access).get(path, headers=PAGE).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
