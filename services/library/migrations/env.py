"""Hands the tables of library to the shared migration runner."""

from chassis.db import run_migrations
from library.tables import metadata

run_migrations(metadata)
