"""One PostgreSQL database for a team, in place of the SQLite files of MLflow and Prefect in each state folder.

It holds three schemas: `mlflow` and `prefect`, whose tables those libraries make and migrate, and `crisisflow`, which
says where the artifacts lie. Caches, stored artifacts, checkpoints, labels and messages stay in each state folder.
"""

from tasks.database.address import VARIABLE, Address, in_force
from tasks.database.joining import artifacts_of, join
from tasks.database.locks import Lock, LostLock, exclusive

__all__ = ["VARIABLE", "Address", "Lock", "LostLock", "artifacts_of", "exclusive", "in_force", "join"]
