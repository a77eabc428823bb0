"""How results look on a terminal: one function for each kind of answer, the same data as `--json`."""
