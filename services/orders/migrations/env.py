"""Runs the migrations of orders; see chassis.db."""

from orders.tables import metadata

from chassis import db

db.run_migrations(metadata)
