"""A model behind HTTP: one tweet or a batch in, probability and label out, by the champion of the moment.

Not MLflow's scoring server: that asks the model about each request by itself, in a thread of its own, knows
nothing of promotions but a restart, and answers mistakes with a stack trace. How the two compare under load is measured
by tests/benchmarks/bench_serve.py.

Parts: `limits`, `rates`, `bodies`, `requests` (what may be asked), `batching` (many requests, one turn of the model),
`served_model` (loaded and warmed), `state` (which one is in use), `reloading` (promotions), `app` with the `..._routes`
(routes), `answers` (their descriptions), `access` and `guard` (who may ask), `explaining` and `twins` (why), `uploads`,
`file_jobs` and `scored_file` (whole files), `pages` with the templates and `static/` (for people), `server` (port).
"""

from tasks.service.access import EVERYBODY, Access, read_tokens, token_form
from tasks.service.reloading import Reloader
from tasks.service.served_model import ServedModel
from tasks.service.server import answer_requests, only_for_this_machine, take_port, url_of
from tasks.service.state import Service

__all__ = [
    "EVERYBODY",
    "Access",
    "Reloader",
    "ServedModel",
    "Service",
    "answer_requests",
    "only_for_this_machine",
    "read_tokens",
    "take_port",
    "token_form",
    "url_of",
]
