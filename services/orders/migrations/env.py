"""Runs the migrations of orders; see chassis.db."""

from chassis import db
from orders.tables import metadata

db.run_migrations(metadata)
