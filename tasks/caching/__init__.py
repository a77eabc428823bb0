"""The cache of steps: what an output depends on, and the record of what was made.

Equal keys mean equal outputs: a false hit is forbidden, a needless miss after an edit within reach is allowed.
"""

from tasks.caching.code import PACKAGES, ROOT, module_digest, module_file, reached_modules
from tasks.caching.keys import ActionKey, action_key, describe_input
from tasks.caching.machine import hardware_class
from tasks.caching.records import Action, recall, remember

__all__ = [
    "PACKAGES",
    "ROOT",
    "Action",
    "ActionKey",
    "action_key",
    "describe_input",
    "hardware_class",
    "module_digest",
    "module_file",
    "reached_modules",
    "recall",
    "remember",
]
