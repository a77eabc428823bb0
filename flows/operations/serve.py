"""Serve: the champion, or any other logged model, behind HTTP until somebody stops it.

No flow of Prefect's: there is nothing to retry, to cache or to wait for, and nothing that one would look up later.
"""

import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pydantic import Field

from models.settings import Settings
from tasks import registry, service
from tasks.registry import CHAMPION_URI
from tasks.runtime import running
from tasks.runtime.environment import load_tensorflow

# Python lets a thread that computes go on for 5 ms before another gets a turn: here the other one holds the requests.
SWITCH_SECONDS = 0.0005
OVERVIEW_SECONDS = 60.0


class ServeRequest(Settings):
    """Which model to serve, and where."""

    model: str = Field(CHAMPION_URI, description="Address of an MLflow model; the champion's follows promotions.")
    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: int = Field(8000, ge=0, le=65535, description="0 takes any free one.")
    poll_seconds: float = Field(5.0, gt=0, description="Interval between looks for a new champion.")
    wait: bool = Field(False, description="Start without a champion, and serve the first that there is.")
    token_file: Path | None = Field(None, description="Tokens and names of those who may ask.")

    def access(self, url: str) -> service.Access:
        """Who may ask at this address. Raises ValueError when others than this machine reach it without tokens."""
        if self.token_file is not None:
            return service.read_tokens(self.token_file)
        if not service.only_for_this_machine(url):
            raise ValueError(
                f"--host {self.host} opens the service to other machines: say with --token-file FILE who may ask, or "
                f"leave --host out; {service.token_form(Path('tokens.txt'))}"
            )
        return service.EVERYBODY


class OverviewPage:
    """The page of the champion, made by another process at most once a minute: MLflow is large, requests must not wait.

    An old page is shown while the next one is made.
    """

    def __init__(self) -> None:
        self._made: asyncio.Task[str] | None = None
        self._page, self._at = "", 0.0

    async def __call__(self) -> str:
        """The page as HTML. Raises RuntimeError when it cannot be made."""
        old = time.monotonic() - self._at > OVERVIEW_SECONDS
        if old and (self._made is None or self._made.done()):
            self._made = asyncio.create_task(self._make())
        if not self._page and self._made is not None:
            await asyncio.shield(self._made)
        return self._page

    async def _make(self) -> str:
        up = await asyncio.to_thread(running.announced)
        addresses = [up[name] for name in ("mlflow", "prefect") if name in up]
        command = [sys.executable, "-m", "tasks.overview", "--print", *addresses]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        page, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{' '.join(command[1:])} ended with {process.returncode}")
        self._page, self._at = page.decode(), time.monotonic()
        return self._page


def load_libraries() -> None:
    """Import now, also without a model, what requests would have to wait for later, and leave it alone from then on.

    Looking through all of it for garbage would stop every request, again and again. Models that come later are looked
    through: those out of use go.
    """
    load_tensorflow()
    gc.collect()
    gc.freeze()


def serve(request: ServeRequest, announce: Callable[[str, "service.ServedModel | None"], None]) -> None:
    """Answer requests until Ctrl-C or SIGTERM; `announce` is told address and model before the first.

    Raises ValueError when the port is taken, or there is no such model.
    """
    with closing(service.take_port(request.host, request.port)) as bound:
        access = request.access(service.url_of(bound))
        served, follows = service.Service(), request.model == CHAMPION_URI
        wait = follows and request.wait and registry.champion() is None
        chosen = None if wait else registry.choose(request.model)
        load_libraries()
        if chosen is not None:
            served.put_in_use(service.ServedModel.load(chosen))
        if follows:
            service.Reloader(served, request.poll_seconds).start()
        announce(service.url_of(bound), served.model)
        sys.setswitchinterval(SWITCH_SECONDS)
        service.answer_requests(served, bound, access, OverviewPage())
