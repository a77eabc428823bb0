"""Prefect's engine, which ends when the process that guards it is gone or says so: in order if it can, but soon.

`python -m tasks.scheduling.engine PIPE` runs `prefect.engine` and listens on the pipe, which closes with the guard.
Prefect takes SIGTERM as the order to report the run as crashed and to leave; a second one would interrupt that, so the
engine sends it to itself, once. Where Prefect's server is gone too, its client would go on asking for minutes.
"""

import contextlib
import logging
import os
import runpy
import signal
import sys
import threading
import time

from tasks.scheduling import GRACE_SECONDS

TERMINATED = 128 + signal.SIGTERM


def main() -> None:
    """Run the engine until it ends, or is to end; what our own steps say goes into the run's log in Prefect."""
    logging.getLogger("tasks").setLevel(logging.INFO)
    threading.Thread(target=_end_with_guard, args=(int(sys.argv[1]),), daemon=True).start()
    sys.argv[1:] = []
    with _on_cluster():
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)


def _on_cluster() -> contextlib.AbstractContextManager[None]:
    """The cluster that CRISISFLOW_CLUSTER names, as --cluster does for a command; it ends with the run."""
    if (place := os.environ.get("CRISISFLOW_CLUSTER", "none")) in ("", "none"):
        return contextlib.nullcontext()
    from tasks.cluster.using import using

    return using(place)


def _end_with_guard(pipe: int) -> None:
    os.read(pipe, 1)  # returns when no writer is left
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    with contextlib.suppress(Exception):
        from tasks.tracking import abandon_runs

        abandon_runs()
    os._exit(TERMINATED)


if __name__ == "__main__":
    main()
