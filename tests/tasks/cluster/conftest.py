"""One cluster of two workers for all tests of this folder: starting one costs seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.cluster.units import Cluster, running_on


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two workers that share the state folder of the session; in use by tests that ask for `on_cluster` alone."""
    from tasks.cluster.dask_settings import configure

    configure("critical")
    from tasks.cluster.certificates import make_certificates
    from tasks.cluster.connection import connected
    from tasks.cluster.using import local_workers

    folder = tmp_path_factory.mktemp("cluster")
    certificates = make_certificates(folder / "certificates")
    with (
        local_workers(2, certificates, folder) as address,
        connected(address, certificates.security(), folder) as connection,
    ):
        yield connection


@pytest.fixture
def on_cluster(cluster: Cluster) -> Iterator[Cluster]:
    """The units of this test run there."""
    with running_on(cluster):
        yield cluster


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where units of tests leave what they did."""
    (tmp_path / "left").mkdir()
    return tmp_path / "left"
