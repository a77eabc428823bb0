"""The one error that says a source cannot be had as asked."""


class SourceError(ValueError):
    """A source cannot be had or read as asked; the message says what would help. Trying again would not."""
