"""Scheduled runs: what is scheduled, what runs it, what was missed, and the closing of runs whose process is gone.

Nothing is imported here: every scheduled run starts with `tasks.scheduling.run_guard`, and must start small.
"""

GRACE_SECONDS = 12.0  # for a run that is told to end; then it is ended
