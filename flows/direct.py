"""Flows of one task: run without Prefect where no server is at hand."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from prefect import Task
from prefect.context import FlowRunContext

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def within_flow(task: Task[Parameters, Result]) -> Callable[Parameters, Result]:
    """The task, within a run of its flow; the function that it runs, where the flow's function was called alone."""
    return task if FlowRunContext.get() else task.fn
