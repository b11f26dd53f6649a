"""Runs the migrations of customers; see chassis.db."""

from chassis.db import run_migrations
from customers.database import metadata

run_migrations(metadata())
