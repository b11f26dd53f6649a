from pathlib import Path

from chassis.testing import database_fixtures

MIGRATIONS = Path(__file__).parents[1] / "migrations"
engine, sessions = database_fixtures("notifications", MIGRATIONS)
