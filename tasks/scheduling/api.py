"""Prefect's server, asked over HTTP: Prefect's own client takes two seconds to import, and 100 MB to keep."""

import os
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from tasks.database import in_force
from tasks.runtime import running, servers

TIMEOUT_SECONDS = 15.0
PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
TEAM_PAUSES_SECONDS = (8.0,) * 12
NOT_RUNNING = "no Prefect server runs here: start `crisisflow up` in another terminal, and try again"
JsonObject = dict[str, Any]


class PrefectApi:
    """The REST interface of one server, with PREFECT_API_AUTH_STRING where set. Use it in a `with` block."""

    def __init__(self, api_url: str) -> None:
        user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
        auth = (user, password) if user else None
        self._client = httpx.Client(base_url=api_url, timeout=TIMEOUT_SECONDS, trust_env=False, auth=auth)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def find(self, what: str, **query: Any) -> list[JsonObject]:
        """All objects of a kind (`flow_runs`, `deployments`, ...) that match, page by page."""
        found: list[JsonObject] = []
        limit = query.pop("limit", None)
        while True:
            page = self.ask("POST", f"/{what}/filter", {"limit": limit or 200, "offset": len(found), **query})
            found += page
            if limit or not page:
                return found

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The server's answer. Raises RuntimeError with what the server said when it refuses."""
        answer = self._patiently(method, path, body)
        if not answer.is_success:  # a redirect has done nothing either
            raise RuntimeError(f"Prefect refused {method} {path}: HTTP {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def _patiently(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        """Prefect answers 503 while another request holds its database, and has done nothing: ask again.

        While a team's database is away it answers 500, too.
        """
        passing, pauses = [httpx.codes.SERVICE_UNAVAILABLE], [*PAUSES_SECONDS]
        if in_force() is not None:
            passing += [httpx.codes.INTERNAL_SERVER_ERROR]
            pauses += TEAM_PAUSES_SECONDS
        for pause in pauses:
            answer = self._client.request(method, path, json=body)
            if answer.status_code not in passing:
                return answer
            time.sleep(pause)
        return self._client.request(method, path, json=body)

    def set_state(self, what: str, run_id: str, name: str, message: str) -> None:
        """Put a flow run or a task run into a state, whatever it is in now."""
        state = {"type": name.upper(), "name": name, "message": message}
        self.ask("POST", f"/{what}/{run_id}/set_state", {"state": state, "force": True})


def api_url() -> str:
    """The address in force: PREFECT_API_URL, else that of `crisisflow up`. Raises ValueError when nothing runs."""
    if chosen := os.environ.get("PREFECT_API_URL"):
        if not servers.answers(f"{chosen}/health"):
            raise ValueError(f"no Prefect server answers at {chosen}: start it, or unset PREFECT_API_URL")
        return chosen
    addresses = running.announced()
    if not addresses:
        raise ValueError(NOT_RUNNING)
    return f"{addresses['prefect']}/api"
