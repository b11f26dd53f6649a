"""The metadata that all tables of this service hang on, with the chassis tables in it."""

from chassis import db
from chassis import tables as chassis_tables

metadata = db.metadata()
chassis = chassis_tables.define(metadata)
