"""The supervisor as its user meets it: what it says, what it keeps, and that nothing outlives it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil
import pytest

from local.ports import Ports
from local.secrets_file import Secrets

from .conftest import Supervisor, stub_environment

Supervise = Callable[..., Supervisor]


async def migrations_of_orders(data_dir: Path, ports: Ports) -> int:
    """How often the stand-in of orders was migrated, which only its database remembers."""
    secrets = Secrets.load_or_create(data_dir / "secrets.json")
    password = secrets.databases["orders"]
    connection = await asyncpg.connect(f"postgresql://orders:{password}@127.0.0.1:{ports.postgres}/orders")
    try:
        return int(await connection.fetchval("SELECT count(*) FROM starts"))
    finally:
        await connection.close()


def test_a_terminated_supervisor_stops_everything(supervise: Supervise) -> None:
    supervisor = supervise()
    supervisor.wait_until_ready()
    assert len(supervisor.started) >= 10

    supervisor.signal(signal.SIGTERM)
    status, said = supervisor.finish()

    assert (status, supervisor.left_behind()) == (0, [])
    assert "stopped" in said


def test_a_killed_supervisor_leaves_nothing_behind(supervise: Supervise) -> None:
    supervisor = supervise()
    supervisor.wait_until_ready()

    supervisor.signal(signal.SIGKILL)
    supervisor.finish()

    assert supervisor.left_behind() == []


def test_a_supervisor_killed_together_with_its_watchdog_leaves_nothing_behind(supervise: Supervise) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a process that its parent died")
    supervisor = supervise()
    supervisor.wait_until_ready()
    (watchdog,) = (p for p in supervisor.started if any("watchdog.py" in part for part in p.cmdline()))

    watchdog.kill()
    supervisor.signal(signal.SIGKILL)
    supervisor.finish()

    assert supervisor.left_behind() == []


def test_no_process_of_the_suite_interrupts_another(supervise: Supervise) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has the policy")
    supervisor = supervise()
    supervisor.wait_until_ready()

    assert {"postgres", "nats-server"} <= {p.name() for p in supervisor.started}
    interrupting = {p for p in supervisor.started if os.sched_getscheduler(p.pid) != os.SCHED_BATCH}
    assert all("watchdog.py" in " ".join(p.cmdline()) for p in interrupting)


def test_make_takes_the_suite_along_when_it_is_killed(data_dir: Path, ports: Ports) -> None:
    command = f"{sys.executable} -m local --data-dir {data_dir} run --empty; true"
    environment = stub_environment(ports, COMMIS_STOP_WITH_PARENT="1")
    parent = subprocess.Popen(["sh", "-c", command], env=environment, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert any("Ctrl-C stops everything" in line for line in parent.stdout)
    started = psutil.Process(parent.pid).children(recursive=True)

    parent.kill()
    parent.wait()

    _, alive = psutil.wait_procs(started, timeout=60)
    parent.stdout.close()
    assert alive == []


def test_the_second_start_keeps_the_data_and_migrates_nothing(
    supervise: Supervise, data_dir: Path, ports: Ports
) -> None:
    secrets: list[str] = []
    for _ in range(2):
        supervisor = supervise()
        supervisor.wait_until_ready()
        assert asyncio.run(migrations_of_orders(data_dir, ports)) == 1
        secrets.append((data_dir / "secrets.json").read_text())
        supervisor.signal(signal.SIGINT)
        supervisor.finish()

    assert secrets[0] == secrets[1]
    assert (data_dir / "secrets.json").stat().st_mode & 0o077 == 0


def test_data_survives_a_killed_supervisor(supervise: Supervise, data_dir: Path, ports: Ports) -> None:
    supervisor = supervise()
    supervisor.wait_until_ready()
    supervisor.signal(signal.SIGKILL)
    supervisor.finish()

    again = supervise()
    again.wait_until_ready()

    assert asyncio.run(migrations_of_orders(data_dir, ports)) == 1


def test_a_taken_port_is_named_with_the_way_out(supervise: Supervise, ports: Ports) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", ports.orders_admin))
        stranger.listen()
        status, said = supervise().finish()

    assert status == 1
    assert f"Port {ports.orders_admin} (orders_admin) is in use" in said
    assert "COMMIS_PORT_ORDERS_ADMIN" in said
    assert "Traceback" not in said


def test_a_missing_part_is_named_with_the_way_out(tmp_path: Path) -> None:
    program = (
        "import sys, importlib.util as util, local.__main__ as command\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'library' else found(name)\n"
        f"sys.argv[1:] = ['--data-dir', {str(tmp_path / 'data')!r}, 'run']\n"
        "sys.exit(command.main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env=stub_environment(Ports.free()),
    )  # fmt: skip

    assert done.returncode == 1
    assert "library is missing: run `make setup`" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_whose_dependency_is_missing_says_so(supervise: Supervise) -> None:
    supervisor = supervise(STUB_FAILS="catalog")
    status, said = supervisor.finish()

    assert status == 1
    assert "catalog cannot start because the Python module a_module_that_is_missing is not installed" in said
    assert "make setup" in said


def test_data_of_a_newer_postgresql_is_refused(supervise: Supervise, data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("19\n")

    status, said = supervise().finish()

    assert status == 1
    assert "is of PostgreSQL 19 and this is PostgreSQL 18" in said
    assert (data_dir / "postgres" / "PG_VERSION").read_text() == "19\n"


def test_two_suites_do_not_share_a_directory(supervise: Supervise, data_dir: Path) -> None:
    supervise().wait_until_ready()
    other = Supervisor(data_dir, Ports.free())

    status, said = other.finish()

    assert status == 1
    assert "already runs from" in said


def test_reset_deletes_the_data_of_a_stopped_suite_only(
    supervise: Supervise, data_dir: Path, ports: Ports
) -> None:
    def reset() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "local", "--data-dir", str(data_dir), "reset"]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=stub_environment(ports)
        )

    supervisor = supervise()
    supervisor.wait_until_ready()
    assert reset().returncode == 1
    assert (data_dir / "secrets.json").exists()
    supervisor.signal(signal.SIGTERM)
    supervisor.finish()

    assert reset().returncode == 0
    assert not data_dir.exists()


def test_reset_deletes_no_other_directory(tmp_path: Path, ports: Ports) -> None:
    (tmp_path / "photos").mkdir()
    command = [sys.executable, "-m", "local", "--data-dir", str(tmp_path / "photos"), "reset"]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)

    assert done.returncode == 1
    assert (tmp_path / "photos").exists()
