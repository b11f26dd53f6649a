import sqlalchemy as sa

from chassis import db, tables

metadata = db.metadata()
sa.Table(
    "effects",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("value", sa.Text),
)
tables.define(metadata)
db.run_migrations(metadata)
