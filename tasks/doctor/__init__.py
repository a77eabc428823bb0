"""What is wrong with the state folder and what uses it, and what to do for each. Nothing is changed."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tasks.doctor import databases, environment, folder, runs, servers, team
from tasks.doctor.finding import Finding
from tasks.runtime.state_folder import UnusableStateFolder, check_state_home

__all__ = ["Finding", "examine"]

Check = Callable[[], Iterable[Finding]]
CHECKS: tuple[Check, ...] = (
    environment.variables,
    folder.layout_found,
    folder.access,
    folder.links,
    folder.disk,
    team.database,
    databases.mlflow,
    databases.prefect,
    runs.running,
    runs.artifacts,
    runs.schedules,
    servers.up,
    servers.locks,
    servers.leftovers,
)


def examine() -> dict[str, Any]:
    """Every finding, in order; what `--json` prints. Of a folder that cannot be used nothing else is looked at."""
    try:
        home = check_state_home()
    except UnusableStateFolder as error:
        return _result(None, [Finding("state folder", False, str(error), "do what it says, then ask again")])
    return _result(str(home), _all())


def _all() -> Iterator[Finding]:
    for check in CHECKS:
        yield from check()


def _result(home: str | None, found: Iterable[Finding]) -> dict[str, Any]:
    findings = [vars(each) for each in found]
    return {"healthy": all(each["ok"] for each in findings), "state_folder": home, "findings": findings}
