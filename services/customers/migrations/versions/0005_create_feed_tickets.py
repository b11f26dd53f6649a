"""One-time tickets for live feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feed_tickets",
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_time", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["session_families.id"],
            name=op.f("fk_feed_tickets_family_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("ticket_hash", name=op.f("pk_feed_tickets")),
    )
    op.create_index("ix_feed_tickets_family_id", "feed_tickets", ["family_id"])
    op.create_index("ix_feed_tickets_expire_time", "feed_tickets", ["expire_time"])


def downgrade() -> None:
    op.drop_table("feed_tickets")
