"""Business requests, removals of business profiles, spending control of accounts and limits of members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "accounts",
        sa.Column("spending_control", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("memberships", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("memberships", sa.Column("spending_limit_minor", sa.BigInteger(), nullable=True))
    op.add_column("memberships", sa.Column("spending_limit_currency", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_memberships_spending_limit"),
        "memberships",
        "(spending_limit_minor IS NULL) = (spending_limit_currency IS NULL) AND spending_limit_minor >= 0",
    )
    op.create_index(
        "ix_session_families_subject_id",
        "session_families",
        ["subject_id"],
        unique=False,
        postgresql_where=sa.text("end_time IS NULL"),
    )
    op.create_table(
        "business_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("vat_number", sa.Text(), nullable=False),
        sa.Column("chamber_of_commerce_number", sa.Text(), server_default="", nullable=False),
        sa.Column("department", sa.Text(), server_default="", nullable=False),
        sa.Column("pay_later_allowed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decision_message_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decide_time", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('PENDING', 'INFORMATION_NEEDED', 'APPROVED', 'REJECTED')",
            name=op.f("ck_business_requests_state"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_business_requests_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_requests")),
    )
    op.create_index("ix_business_requests_state", "business_requests", ["state", "id"], unique=False)
    op.create_index(
        "ix_business_requests_account_id", "business_requests", ["account_id", "id"], unique=False
    )
    op.create_index(
        "uq_business_requests_open",
        "business_requests",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('PENDING', 'INFORMATION_NEEDED')"),
    )
    op.create_table(
        "business_request_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("author_kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["business_requests.id"], name=op.f("fk_business_request_messages_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_request_messages")),
    )
    op.create_index(
        "ix_business_request_messages_request_id",
        "business_request_messages",
        ["request_id", "id"],
        unique=False,
    )
    op.create_table(
        "business_removals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("erased", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_business_removals_account_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_business_removals_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_business_removals")),
    )
    op.create_index(
        "ix_business_removals_account_id", "business_removals", ["account_id", "id"], unique=False
    )


def downgrade() -> None:
    raise NotImplementedError("what was erased does not come back")
