"""The worked examples of the teaching text, written to be checked by hand, not to be fast."""
