"""Legal caps: fixed book prices as effective-dated data."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None: ...


def downgrade() -> None: ...
