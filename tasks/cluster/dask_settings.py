"""How Dask is set up here: by these lines alone, and not by the files and variables of whoever runs it."""

from typing import Any

MISSING = (
    "--cluster needs the package distributed, which is not installed: run `pip install 'crisisflow[cluster]'`, or in a "
    "clone `pip install -e '.[cluster]'`; without it leave --cluster out"
)
SETTINGS: dict[str, Any] = {
    # A unit that has ended this many workers ends the command: it would end the next one too.
    "distributed.scheduler.allowed-failures": 3,
    # A worker that is silent for so long is taken for dead, and what it worked on is given to another one. Code that
    # holds the interpreter lock keeps a worker silent for seconds.
    "distributed.scheduler.worker-ttl": "120s",
    # Workers hold no data, so none is to be written to disk, and nobody but the system ends a worker for its memory.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": "20s",
    "distributed.comm.timeouts.tcp": "60s",
    # Numbers of threads change the last bits of sums: as they are in the command, so they are in a worker.
    "distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": "65536"},
    # Of what is served without TLS on loopback: whether it is alive, and the pages of bokeh where it is installed. Not
    # logs, call stacks and states of tasks, and no proxy to other hosts.
    "distributed.scheduler.http.routes": ["distributed.http.health", "distributed.http.statics"],
    "distributed.worker.http.routes": ["distributed.http.health"],
    "distributed.admin.log-format": "%(asctime)s %(name)s %(levelname)s %(message)s",
}


def configure(log_level: str) -> None:
    """Set Dask up for this process. Call it before `distributed` is imported: it reads the levels of logs then.

    Raises ValueError, saying what to install, where there is no Dask.
    """
    try:
        import dask.config
    except ImportError:
        raise ValueError(MISSING) from None
    logs = dict.fromkeys(("distributed", "distributed.client", "bokeh", "tornado", "tornado.application"), log_level)
    dask.config.set({"logging": logs})
    try:
        import distributed  # noqa: F401  (adds its defaults to the configuration)
    except ImportError:
        raise ValueError(MISSING) from None
    dask.config.refresh(paths=[], env={})
    dask.config.set({**SETTINGS, "logging": logs})
