"""`python -m flows` is `crisisflow`."""

from flows.cli import main

main()
