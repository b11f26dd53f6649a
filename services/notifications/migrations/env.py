"""Hands the tables of notifications to the shared migration runner."""

from chassis.db import run_migrations
from notifications.tables import metadata

run_migrations(metadata)
