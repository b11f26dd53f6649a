"""One database per run, made by the migrations."""

from pathlib import Path

from chassis.testing import database_fixtures

engine, sessions = database_fixtures("catalog", Path(__file__).parents[1] / "migrations")
