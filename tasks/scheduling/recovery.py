"""`python -m tasks.scheduling.recovery SERVER`: put MLflow's runs in order, and print its page of all models."""

import sys

from tasks.tracking import comparison_address, recover

if __name__ == "__main__":
    recover()
    sys.stdout.write(comparison_address(sys.argv[1]))
