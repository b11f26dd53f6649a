from pathlib import Path

from chassis.testing import database_fixtures

engine, sessions = database_fixtures("chassis", Path(__file__).parent / "migrations")
