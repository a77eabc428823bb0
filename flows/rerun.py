"""The other side of a replay: `python -m flows.rerun FOLDER`, in a process of its own, over the code of a run.

Reads `request.json` in the folder, runs the flow it names with nothing cached, and writes `steps.json`: what was made.
"""

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter

from tasks.tracking.requests import FILE, Request

# By Prefect's name of the flow: module and function.
FLOWS = {
    "retrain": ("flows.retrain", "retrain"),
    "evaluate": ("flows.evaluate", "evaluate"),
    "ingest": ("flows.ingest", "ingest_and_report"),
    "ingest corpus": ("flows.ingest", "ingest_corpus_and_report"),
    "featurize alone": ("flows.featurize", "featurize_sources"),
    "embed alone": ("flows.embed", "embed_corpora"),
    "language model": ("flows.language", "language_model"),
}
STEPS = "steps.json"


def rerun(folder: Path) -> None:
    """Run the request in this folder and write what its steps made."""
    from tasks.replay.trees import steps_of, to_record
    from tasks.runtime import environment
    from tasks.scheduling import prefect_server
    from tasks.tracking import provenance

    environment.prepare_environment()
    request = Request.read(folder / FILE)
    _limit_threads(request.threads)
    with prefect_server.prefect_server():
        result = run_flow(request)
    made = {
        "run_id": result["run_id"],
        "code_digest": provenance.code_digest(),
        "cpu": provenance.host_tags()["cpu"],
        "steps": [to_record(step) for step in steps_of(result["run_id"])],
    }
    (folder / STEPS).write_text(json.dumps(made), encoding="utf-8")


def run_flow(request: Request) -> dict[str, Any]:
    """Call the flow that was asked for; its parameters get back the types that JSON took from them."""
    module, name = FLOWS[request.flow]
    flow = getattr(import_module(module), name)
    types = get_type_hints(flow.fn)
    values = {name: TypeAdapter(types[name]).validate_python(value) for name, value in request.parameters.items()}
    return dict(flow(**values))


def _limit_threads(threads: int) -> None:
    """Use as many processors as the run did, where there are more."""
    available = sorted(os.sched_getaffinity(0))
    if 0 < threads < len(available):
        os.sched_setaffinity(0, available[:threads])


if __name__ == "__main__":
    rerun(Path(sys.argv[1]))
