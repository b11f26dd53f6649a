"""One database per run, made by the migrations, with the legal caps that they bring."""

from pathlib import Path

from chassis.testing import database_fixtures

from .factories import KEPT

engine, sessions = database_fixtures("catalog", Path(__file__).parents[1] / "migrations", keep=KEPT)
