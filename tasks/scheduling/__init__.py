"""Runs that start by themselves: what is scheduled, who runs it, what was missed, and what became of the dead.

Nothing is imported here: every scheduled run starts with `tasks.scheduling.run_guard`, and must start small.
"""

GRACE_SECONDS = 12.0  # for a run that is told to end; then it is ended
