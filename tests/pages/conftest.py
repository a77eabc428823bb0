"""One headless Chromium for all pages, driven by its DevTools protocol: what a reader sees, what it asks for."""

import contextlib
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
SECONDS = 60
AUDIT = (Path(__file__).parent / "audit.js").read_text()


class Browser:
    """A browser with one page open."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection, self._number, self._events = connection, 0, []  # type: ignore[var-annotated]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """The browser's answer; events that come before it are kept."""
        self._number += 1
        self._connection.send(json.dumps({"id": self._number, "method": method, "params": values}))
        while (answer := json.loads(self._connection.recv(SECONDS))).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]  # type: ignore[no-any-return]

    def _wait_for(self, event: str) -> None:
        while not any(each["method"] == event for each in self._events):
            self._events.append(json.loads(self._connection.recv(SECONDS)))

    def look(self, file: Path, width: int, scheme: str) -> list[str]:
        """All that is wrong with this page at this width: what is cut off, pale or small, errors, requests."""
        self._size(width, scheme)
        self._events.clear()
        self.call("Page.navigate", url=file.as_uri())
        self._wait_for("Page.loadEventFired")
        found = self.call("Runtime.evaluate", expression=AUDIT, returnByValue=True)["result"]["value"]
        return found + [fault for event in self._events if (fault := _fault(event, file))]  # type: ignore[no-any-return]

    def ask(self, address: str, cookies: dict[str, str], seconds: float = 2.5) -> tuple[str, list[str]]:
        """Where this address leads, and all that its page asks for until the time is over."""
        self.call("Emulation.setDeviceMetricsOverride", width=2000, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Network.clearBrowserCookies")
        for name, value in cookies.items():
            self.call("Network.setCookie", name=name, value=value, url=address)
        self.call("Page.navigate", url="about:blank")
        self._events.clear()
        self.call("Page.navigate", url=address)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                self._events.append(json.loads(self._connection.recv(left)))
        asked = [each["params"] for each in self._events if each["method"] == "Network.requestWillBeSent"]
        sockets = [each["params"]["url"] for each in self._events if each["method"] == "Network.webSocketCreated"]
        there = self.call("Runtime.evaluate", expression="location.href", returnByValue=True)["result"]["value"]
        return there, [each["request"]["url"] for each in asked] + sockets

    def open(self, address: str, width: int = 1000, scheme: str = "light") -> None:
        """Show a page that a server answers; what happens from now on is what `faults` speaks of."""
        self._size(width, scheme)
        self._events.clear()
        self.call("Page.navigate", url=address)
        self._wait_for("Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of this expression in the page, once it is settled."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str, seconds: float = 20) -> None:
        """Return once this expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.run(script):
            assert time.monotonic() < end, f"{script} stays false; the page shows: {self.text()[:2000]}"
            time.sleep(0.03)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            code = {"Tab": 9, "Enter": 13}.get(key, ord(key[0].upper()))
            typed = {"text": {"Enter": "\r"}.get(key, key)} if key != "Tab" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **typed)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def choose(self, selector: str, file: Path) -> None:
        """Choose this file in a field."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        found = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=found, files=[str(file)])

    def audit(self) -> list[str]:
        """All that is wrong with the page as it stands."""
        return list(self.run(AUDIT))

    def faults(self, address: str) -> list[str]:
        """Errors since the page was opened, and requests for anything but this address."""
        self.run("0")  # what happened before it is told now
        found = []
        for event in self._events:
            asked = (
                event["params"].get("request", {}).get("url", "") if event["method"].startswith("Network.re") else ""
            )
            if asked and not asked.startswith((f"{address}/", "data:", "about:")):
                found.append(f"asks {asked}")
            if event["method"] != "Network.requestWillBeSent" and (fault := _fault(event, Path("/"))):
                found.append(fault)
        return found

    def _size(self, width: int, scheme: str) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def text(self) -> str:
        """What the page shows, as text."""
        shown = self.call("Runtime.evaluate", expression="document.body.innerText", returnByValue=True)
        return str(shown["result"]["value"])


def _fault(event: dict[str, Any], file: Path) -> str:
    """What this event says against the page: an error, or a request for anything but the page itself."""
    method, values = event["method"], event["params"]
    if method == "Network.requestWillBeSent":
        address = values["request"]["url"]
        return "" if address.partition("#")[0] == file.as_uri() or address.startswith("data:") else f"asks {address}"
    if method in ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
        return f"{method}: {json.dumps(values)[:300]}"
    return ""


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser, started once; skipped aloud where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: nobody looked at the pages")
    profile = tmp_path_factory.mktemp("chromium")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}")
    quiet = ("--no-first-run", "--disable-background-networking", "--disable-extensions", "--disable-sync")
    process = subprocess.Popen([CHROMIUM, *options, *quiet, "about:blank"], stderr=subprocess.DEVNULL)
    try:
        with connect(_address(profile / "DevToolsActivePort"), max_size=None) as connection:
            yield Browser(connection)
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address(announcement: Path) -> str:
    """Where the page of the browser listens; the browser writes its port into this file."""
    end = time.monotonic() + SECONDS
    while not (announcement.exists() and len(announcement.read_text().split()) == 2):
        assert time.monotonic() < end, "Chromium did not start"
        time.sleep(0.05)
    port = announcement.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS) as answer:
        return str(next(each["webSocketDebuggerUrl"] for each in json.load(answer) if each["type"] == "page"))
