"""A step: a function that becomes a Prefect task, a child run in MLflow, and an entry in the cache.

The function takes the run to record on, then artifacts, settings and plain values; it returns the path of the artifact
it made. Called with inputs it has met before, a step hands back the artifact it made then, and says so on a short run;
cut short before, it goes on from the checkpoints that its function kept, and names the run that it resumes.
"""

import functools
import inspect
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, cast

from tasks import caching
from tasks.cluster import units
from tasks.runtime import state_folder
from tasks.runtime.progress import progress, say
from tasks.store import artifact_store, checkpoints
from tasks.tracking import Run, client, model_runs, tracked_run, unfinished_run
from tasks.tracking.noted import Note, NotedRun, record_notes
from tasks.tracking.queries import has_run


class Inputs:
    """The base of frozen dataclasses that hold inputs of a step which travel together.

    Their fields count as inputs of the step by themselves, under their own names: in its key, on its run, in lineage.
    """


P = ParamSpec("P")
_under_way: dict[str, threading.Lock] = {}
COMPUTED = "computed_seconds"
COPIED_BYTES = 64 << 20
StepFunction = Callable[Concatenate[Run, P], Path]


def step(name: str, *, hardware: bool = False) -> Callable[[StepFunction[P]], StepFunction[P]]:
    """Make a step of a function `(run, inputs...) -> artifact`.

    `name` may refer to inputs, as in "train {settings.name}". `hardware` says that the processor can change the last
    bits of the output, so that it belongs to the key.
    """

    def decorate(function: StepFunction[P]) -> StepFunction[P]:
        import prefect
        from prefect.cache_policies import NO_CACHE

        @functools.wraps(function)
        def run_step(parent: Run, *args: P.args, **kwargs: P.kwargs) -> Path:
            bound = inspect.signature(function).bind(parent, *args, **kwargs)
            bound.apply_defaults()
            inputs = _flat(dict(list(bound.arguments.items())[1:]))
            title = name.format(**inputs)
            key = caching.action_key(title, function, inputs, hardware)
            with tracked_run(title, function.__name__, parent, _settings(inputs)) as opened, progress(title):
                run = opened.model_copy(update={"action_key": key.digest})
                run.tag(action_key=key.digest, step=title)
                _log_inputs(run, inputs)
                # Of threads that need the same step, one computes it and the others reuse it.
                with _under_way.setdefault(key.digest, threading.Lock()):
                    done = caching.recall(key)
                    if done is None or not has_run(done.run_id):
                        _verify_inputs(inputs)
                        output, note = _compute(key, function, run, args, kwargs)
                    else:
                        output, note = _reuse(done, run, title)
                    checkpoints.forget(key.digest)
            say(f"  {title}: {note}")
            return output

        as_task = prefect.task(name=function.__name__, cache_policy=NO_CACHE, persist_result=False, log_prints=False)
        # Called, a task gives what its function returns; Prefect types the call by overloads.
        return cast(StepFunction[P], as_task(run_step))

    return decorate


def _flat(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a step by name, with the fields of those that hold several inputs in their place."""
    flat: dict[str, Any] = {}
    for name, value in arguments.items():
        held = vars(value) if isinstance(value, Inputs) else {name: value}
        if taken := held.keys() & flat.keys():
            raise TypeError(f"two inputs of a step are called {', '.join(sorted(taken))}: give each a name of its own")
        flat |= held
    return flat


def _compute(key: caching.ActionKey, function: Any, run: Run, args: Any, kwargs: Any) -> tuple[Path, str]:
    if unfinished := unfinished_run(action_key=key.digest):
        run.tag(resumes=unfinished)
    before = client().get_run(run.run_id).data
    output, seconds = _call(key.title, function, run, args, kwargs)
    after = client().get_run(run.run_id).data
    tags = {name: value for name, value in after.tags.items() if before.tags.get(name) != value}
    metrics = {name: value for name, value in after.metrics.items() if name != COMPUTED}
    relative = output.relative_to(state_folder.state_home() / "store").as_posix()
    caching.remember(key, caching.Action(relative, run.run_id, metrics, _portable(tags), seconds))
    run.tag(output=relative, step_outcome="run")
    model_runs.present(run, tags, metrics)
    _keep_copy(run, output)
    return output, f"{seconds:.1f} s"


def _call(title: str, function: StepFunction[...], run: Run, args: Any, kwargs: Any) -> tuple[Path, float]:
    """What the function returns, and its seconds: here, or on a worker where this is one of several threads.

    Those of a worker are recorded, for the run is open for as long as the step waits for one, too.
    """
    if not units.is_beside_others():
        return _timed(function, run, args, kwargs)
    work = units.Unit(title, compute_noted, (function, NotedRun.of(run), args, kwargs))
    try:
        (((output, seconds), notes),) = units.run([work])
    except Exception as error:
        record_notes(run, error.__dict__.pop(units.ATTACHED, ()))
        raise
    record_notes(run, notes)
    run.log_metrics({"computed_seconds": seconds})  # COMPUTED, as docs/reference reads it
    return output, seconds


def compute_noted(
    function: StepFunction[...], run: NotedRun, args: Any, kwargs: Any
) -> tuple[tuple[Path, float], list[Note]]:
    """The unit of a whole step: its output, its seconds, and what the command is to record on the run.

    An exception takes these notes with it.
    """
    try:
        return _timed(function, run, args, kwargs), run.notes
    except Exception as error:
        error.__dict__[units.ATTACHED] = run.notes
        raise


def _timed(function: StepFunction[...], run: Run, args: Any, kwargs: Any) -> tuple[Path, float]:
    start = time.monotonic()
    output = function(run, *args, **kwargs)
    return output, round(time.monotonic() - start, 3)


def _verify_inputs(inputs: dict[str, Any]) -> None:
    """Raise DamagedArtifactError unless every artifact holds what its name says: its digest is part of the key."""
    for value in inputs.values():
        for artifact in _artifacts(value):
            artifact_store.verify(artifact)


def _keep_copy(run: Run, output: Path) -> None:
    """Put the artifact beside its run; of one too large to keep twice, the manifest: it says what the store holds."""
    size = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    run.log_file(output if size <= COPIED_BYTES else output / artifact_store.MANIFEST, "output")


def _portable(tags: dict[str, str]) -> dict[str, str]:
    """The tags that a reused step may carry too: what the step said of its output, not what MLflow says of the run."""
    return {name: value for name, value in tags.items() if not name.startswith("mlflow.")}


def _reuse(done: caching.Action, run: Run, title: str) -> tuple[Path, str]:
    run.log_metrics(done.metrics)
    run.tag(**done.tags, reused_from=done.run_id, output=done.output, step_outcome="cached")
    if not model_runs.present(run, done.tags, done.metrics, reused=True):
        run.rename(f"{title} (reused)")
    return done.path, f"reused, saves {done.seconds:.1f} s"


def _settings(inputs: dict[str, Any]) -> dict[str, Any]:
    """The inputs that are settings or plain values, for the run's parameters."""
    return {
        name: value.model_dump() if hasattr(value, "model_dump") else value
        for name, value in inputs.items()
        if not _artifacts(value)
    }


def _artifacts(value: Any) -> list[Path]:
    """The artifacts in an input, one or a list of them."""
    if isinstance(value, Path):
        return [value]
    if isinstance(value, (list, tuple)):
        return [each for each in value if isinstance(each, Path)]
    if isinstance(value, dict):
        return [each for each in value.values() if isinstance(each, Path)]
    return []


def _log_inputs(run: Run, inputs: dict[str, Any]) -> None:
    for name, value in inputs.items():
        for artifact in _artifacts(value):
            run.log_dataset(artifact, name)
