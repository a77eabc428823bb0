"""Work on several processes or machines: units of work, the cluster of Dask that runs them, and what it must be like.

Steps import `tasks.cluster.units` alone, which knows nothing of Dask: whether it is installed changes no cache key.
"""
