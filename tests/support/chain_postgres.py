"""A real PostgreSQL for tests, in a folder of its own, where the machine has the binaries."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg
from chain_anvil import free_port

START_WITHIN_S = 30


def installed() -> bool:
    """Whether PostgreSQL can be started here: its binaries are there, and so is a user who may run it."""
    return all(shutil.which(name) for name in ("initdb", "postgres")) and _user() is not None


def _user() -> int | None:
    """The user to run as: PostgreSQL refuses to run as root. None when there is nobody else."""
    if os.getuid() != 0:
        return os.getuid()
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


class Postgres:
    """One server; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.port = free_port()
        self._names = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Postgres:
        uid = _user()
        assert uid is not None
        self.folder.mkdir()
        if uid != os.getuid():
            os.chown(self.folder, uid, -1)
            for parent in self.folder.parents:
                if parent == Path(tempfile.gettempdir()):
                    break
                parent.chmod(parent.stat().st_mode | 0o011)
        run_as = None if uid == os.getuid() else uid
        making = ["initdb", "-D", str(self.folder), "-U", "stab3l", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(making, user=run_as, check=True, capture_output=True, cwd="/")
        settings = [f"-c{s}" for s in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off")]
        serving = ["postgres", "-D", str(self.folder), "-p", str(self.port), *settings]
        self._process = subprocess.Popen(serving, user=run_as, stderr=subprocess.DEVNULL, cwd="/")
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=30)

    def fresh_database(self) -> str:
        """URL of a new, empty database."""
        name = f"read{next(self._names)}"
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://stab3l@127.0.0.1:{self.port}/{name}"

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=stab3l dbname={name}"

    def _wait(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                psycopg.connect(self._dsn("postgres")).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
