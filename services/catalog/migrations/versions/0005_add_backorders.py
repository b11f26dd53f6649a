"""Transfers, counts, and back-orders in the order in which they are filled."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None: ...


def downgrade() -> None: ...
