"""`python -m tasks.overview MLFLOW [PREFECT]` writes the start page; with `--print` in front it prints that of `serve`.

The addresses may be left out then. In a process of its own, since MLflow is large.
"""

import os
import sys

from tasks.overview.page import served_start_page, write_start_page

BESIDE_REQUESTS = 10  # how much lower its priority is than that of the service that asks for it

if __name__ == "__main__":
    if sys.argv[1:2] == ["--print"]:
        os.nice(BESIDE_REQUESTS)
        sys.stdout.write(served_start_page(*sys.argv[2:4]))
    else:
        sys.stdout.write(str(write_start_page(*sys.argv[1:3])))
