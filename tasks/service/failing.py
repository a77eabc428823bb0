"""What is answered, and logged, when the model fails: nothing of the tweet, and nothing of the inside."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.service.limits import RefusedError

logger = logging.getLogger(__name__)


@contextmanager
def model_failures() -> Iterator[None]:
    """Raise RefusedError for any other error of the block, and log where it arose."""
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        _log_without_content(error)
        message = "the model failed to answer; the service's log says where"
        raise RefusedError(500, "model_failed", message) from None


def _log_without_content(error: Exception) -> None:
    """Say in the log what failed and where. Messages of errors are left out: they may quote a tweet."""
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error("the model failed with %s at %s", type(error).__name__, " < ".join(places[-3:][::-1]))
