"""A PostgreSQL server of one's own, for tests and measurements: the system's programs, a temporary folder, loopback."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
from ports import free_port

OWNER, PASSWORD = "owner", "p@ss:word/+#1"
NAMES = ("initdb", "postgres")
INSTALL = "needs a PostgreSQL server: `apt-get install postgresql`, or put initdb and postgres on the PATH"
START_SECONDS = 60.0


def programs() -> dict[str, str] | None:
    """The paths of the server's programs; None where they are not installed."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])
    found = {name: shutil.which(name, path=path) for name in NAMES}
    return {name: str(program) for name, program in found.items()} if all(found.values()) else None


class Postgres:
    """One server with passwords, on a port of 127.0.0.1; it can be killed and started again."""

    def __init__(self, max_connections: int = 100) -> None:
        found = programs()
        if found is None:
            raise RuntimeError(INSTALL)
        self._programs, self._connections = found, max_connections
        self._folder = Path(
            tempfile.mkdtemp(prefix="crisisflow-postgres-")
        )  # others may pass /tmp, not pytest's folders
        self._log = (self._folder / "log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._be_ordinary = _ordinary_user(self._folder)
        self._initialise()
        self.start()

    def address(self, name: str, user: str = OWNER, password: str | None = PASSWORD) -> str:
        """The address of a database of this server."""
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it, and return once it answers."""
        import psycopg2

        command = [self._programs["postgres"], "-D", str(self._folder / "data"), "-p", str(self.port)]
        for setting in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"):
            command += ["-c", setting]
        command += ["-c", f"max_connections={self._connections}"]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=self._log, stderr=self._log, **self._be_ordinary
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg2.connect(self.address("postgres")).close()
                return
            except psycopg2.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError((self._folder / "log").read_text()[-2000:]) from None
                time.sleep(0.1)

    def kill(self) -> None:
        """End all its processes at once, as a machine does that loses its power."""
        assert self._process is not None
        below = psutil.Process(self._process.pid).children(recursive=True)  # each is in a group of its own
        self._process.kill()
        for each in below:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(below, timeout=10)
        self._process.wait()
        (self._folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def close(self) -> None:
        """Kill it, and remove its folder."""
        self.kill()
        self._log.close()
        shutil.rmtree(self._folder)

    def run(self, statement: str, name: str = "postgres") -> list[tuple[object, ...]]:
        """The rows of a statement, run by the owner."""
        import psycopg2

        connection = psycopg2.connect(self.address(name))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.write_text(PASSWORD)
        command = [self._programs["initdb"], "-D", str(self._folder / "data"), "-U", OWNER, "-E", "UTF8", "--no-locale"]
        command += ["--no-sync", "--auth=scram-sha-256", f"--pwfile={secret}"]
        quiet: dict[str, Any] = {"cwd": self._folder, "capture_output": True, "text": True}
        done = subprocess.run(command, check=False, **quiet, **self._be_ordinary)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr}")


def _ordinary_user(folder: Path) -> dict[str, Any]:
    """For Popen: another user where this one is root, as whom the server does not run; the folder becomes theirs."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
