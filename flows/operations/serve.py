"""Serve: the champion, or any other logged model, behind HTTP until somebody stops it.

No flow of Prefect's: there is nothing to retry, to cache or to wait for, and nothing that one would look up later.
"""

import gc
import sys
from collections.abc import Callable
from contextlib import closing

from pydantic import Field

from models.settings import Settings
from tasks import registry, service
from tasks.registry import CHAMPION_URI
from tasks.runtime.environment import load_tensorflow

# Python lets a thread that computes go on for 5 ms before another gets a turn: here the other one holds the requests.
SWITCH_SECONDS = 0.0005


class ServeRequest(Settings):
    """Which model to serve, and where."""

    model: str = Field(CHAMPION_URI, description="Address of an MLflow model; the champion's follows promotions.")
    host: str = Field("127.0.0.1", description="Address to listen at.")
    port: int = Field(8000, ge=0, le=65535, description="0 takes any free one.")
    poll_seconds: float = Field(5.0, gt=0, description="Interval between looks for a new champion.")
    wait: bool = Field(False, description="Start without a champion, and serve the first that there is.")


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
        service.answer_requests(served, bound)
