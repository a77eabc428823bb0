"""`python -m tasks.overview MLFLOW [PREFECT]`: write the start page, in a process of its own, since MLflow is large."""

import sys

from tasks.overview.page import write_start_page

if __name__ == "__main__":
    sys.stdout.write(str(write_start_page(*sys.argv[1:3])))
