"""What was made of what: the steps before an artifact, and the steps after one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks.tracking.steps import Step


@dataclass(frozen=True)
class Graph:
    """Steps in an order in which every input comes before what was made of it."""

    steps: tuple[Step, ...]

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Every artifact that went in or came out, sources first."""
        outputs = {step.output for step in self.steps}
        given = (artifact for step in self.steps for artifact in step.sources if artifact not in outputs)
        return tuple(dict.fromkeys([*given, *(step.output for step in self.steps)]))

    @property
    def unexplained(self) -> bool:
        """Whether something went in of which no step is known, and that was not received from outside."""
        outputs = {step.output for step in self.steps}
        return any(artifact not in outputs and not artifact.startswith("raw/") for artifact in self.artifacts)


def trace_back(artifacts: Iterable[str], steps: Sequence[Step]) -> Graph:
    """The steps that led to these artifacts; of two that made the same, the earlier in the list."""
    made_by = {step.output: step for step in reversed(steps)}
    found: dict[str, Step] = {}
    waiting = list(artifacts)
    while waiting:
        step = made_by.get(waiting.pop())
        if step is not None and step.output not in found:
            found[step.output] = step
            waiting += step.sources
    return Graph(in_order(found.values()))


def trace_forward(artifacts: Iterable[str], steps: Sequence[Step]) -> Graph:
    """The steps that these artifacts went into, and those that their outputs went into, and so on."""
    reached = set(artifacts)
    found: dict[str, Step] = {}
    grows = True
    while grows:
        new = [step for step in steps if step.output not in found and reached.intersection(step.sources)]
        found |= {step.output: step for step in reversed(new)}
        reached |= found.keys()
        grows = bool(new)
    return Graph(in_order(found.values()))


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps, each after those that made its inputs; ties by title."""
    waiting = sorted(steps, key=lambda step: (step.title, step.output))
    placed: list[Step] = []
    while waiting:
        unmade = {step.output for step in waiting}
        ready = [step for step in waiting if not unmade.intersection(set(step.sources) - {step.output})] or waiting
        placed += ready
        waiting = [step for step in waiting if step not in ready]
    return tuple(placed)
