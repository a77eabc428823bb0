"""The learning rate over a training: a pure function of the step, so that it goes on after a checkpoint."""

from models.settings import TrainingSettings

WARM_UP_SHARE = 0.1
LAST_SHARE = 0.02  # of the highest rate; a rate of zero would train nothing in the last steps


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """The rate of this step, 0 to steps - 1, of a training of so many steps.

    `one-cycle` rises linearly for the first tenth and falls linearly over the rest (after Smith 2018).

    >>> one_cycle = TrainingSettings(learning_rate=0.1, schedule="one-cycle")
    >>> [round(learning_rate(one_cycle, step, 20), 3) for step in (0, 1, 2, 11, 19)]
    [0.05, 0.1, 0.1, 0.05, 0.006]
    """
    if settings.schedule == "constant":
        return settings.learning_rate
    warm_up = max(1, int(WARM_UP_SHARE * steps))
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    left = 1 - (step - warm_up) / max(steps - warm_up, 1)
    return settings.learning_rate * max(left, LAST_SHARE)
