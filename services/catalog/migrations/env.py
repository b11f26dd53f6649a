"""Alembic's entry point; the tables are those of catalog.database."""

from catalog import database
from chassis import db

db.run_migrations(database.complete())
