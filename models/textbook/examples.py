"""All worked examples of the teaching text, in its order."""

from models.textbook import four_kinds, recurrence, words
from models.textbook.worked import Example

EXAMPLES: tuple[Example, ...] = (*words.EXAMPLES, *four_kinds.EXAMPLES, *recurrence.EXAMPLES)


def find_example(name: str) -> Example:
    """The example of this name. Raises ValueError, with the names there are."""
    for example in EXAMPLES:
        if example.name == name:
            return example
    raise ValueError(f"no example {name!r}: use one of {', '.join(each.name for each in EXAMPLES)}")
