"""A promotion taken over while requests go on: the new champion is loaded beside the old one, warmed, then put in use.

Whatever goes wrong on the way (a tracking store that does not answer, a version that cannot be loaded, no champion any
more) leaves the old model in use, and stands in `/health` and once in the log.
"""

import logging
import threading
import time

from tasks import registry
from tasks.runtime.progress import say
from tasks.runtime.redaction import mask_secrets
from tasks.service.served_model import ServedModel
from tasks.service.state import Service

logger = logging.getLogger(__name__)

# A version that cannot be loaded is tried again when its cause may have gone: reading it costs seconds of a processor.
TRY_AGAIN_SECONDS = 60.0


class Reloader(threading.Thread):
    """Looks every so many seconds who is champion.

    A daemon: when the service ends it may be waiting for a lost tracking server.
    """

    def __init__(self, service: Service, every_seconds: float) -> None:
        super().__init__(name="reloader", daemon=True)
        self._service, self._every_seconds = service, every_seconds
        self._failed_uri, self._failed_at = "", 0.0

    def run(self) -> None:
        """Look, and look again, for as long as the process lives."""
        while True:
            time.sleep(self._every_seconds)
            self.look()

    def look(self) -> None:
        """Take over the champion if it is another one than the model in use. Never raises."""
        try:
            chosen = registry.choose(registry.CHAMPION_URI)
            current = self._service.model
            if current is None or current.uri != chosen.uri:
                self._take_over(chosen)
            else:
                self._report("")
        except Exception as error:
            self._report(f"{type(error).__name__}: {mask_secrets(str(error)).splitlines()[0]}")

    def _take_over(self, chosen: registry.ChosenModel) -> None:
        if chosen.uri == self._failed_uri and time.monotonic() - self._failed_at < TRY_AGAIN_SECONDS:
            return
        try:
            model = ServedModel.load(chosen)
        except Exception:
            self._failed_uri, self._failed_at = chosen.uri, time.monotonic()
            raise
        self._service.put_in_use(model)
        say(f"{model.model}, version {model.version}, is champion now and answers from here on")
        self._report("")
        logger.info("serving %s, version %s", model.model, model.version)

    def _report(self, trouble: str) -> None:
        if trouble and trouble != self._service.trouble:
            logger.warning("the model in use stays: %s", trouble)
        self._service.trouble = trouble
