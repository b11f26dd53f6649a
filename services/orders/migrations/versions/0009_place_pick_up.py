"""A pick-up has the place where it is collected, which tax and the law on prices follow.

Of the pick-ups that exist the place is not known: they are inactive until staff name it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for name in ("pick_up_region_code", "pick_up_postal_code"):
        op.add_column("shipping_methods", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE shipping_methods SET active = false, version = version + 1 WHERE pick_up AND active")


def downgrade() -> None:
    for name in ("pick_up_region_code", "pick_up_postal_code"):
        op.drop_column("shipping_methods", name)
