import sqlalchemy as sa
from alembic import op

from chassis.tables import create_chassis_tables, drop_chassis_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_chassis_tables(op)
    op.create_table(
        "effects",
        sa.Column("position", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("effects")
    drop_chassis_tables(op)
