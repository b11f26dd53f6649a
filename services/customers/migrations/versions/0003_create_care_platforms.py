"""Create care platforms, communities, clients, hand-offs and assisted sessions.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _time(name: str, *, nullable: bool = False, now: bool = True) -> sa.Column:
    default = sa.text("now()") if now and not nullable else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _text(name: str, **options: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False, **options)


def _foreign(table: str, column: str, target: str, **options: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), **options)


def upgrade() -> None:
    _people()
    _platforms()
    _communities()
    _clients()
    _handoffs()
    _sessions()


def _people() -> None:
    """A client of a community cannot sign in: what a mail may go to is no sign-in."""
    op.alter_column("persons", "email", existing_type=sa.Text(), nullable=True)
    op.add_column("persons", _text("contact_email", server_default=""))


def _platforms() -> None:
    table = "care_platforms"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        *map(_text, ("display_name", "issuer", "audience", "jwks_uri", "jwks_json")),
        sa.Column("return_addresses", postgresql.ARRAY(sa.Text()), nullable=False),
        _text("storefront_address"),
        sa.Column("session_minutes", sa.Integer(), nullable=False),
        _text("statistics_detail"),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _time("create_time"),
        _time("update_time"),
        sa.CheckConstraint(
            "(jwks_uri = '') <> (jwks_json = '')", name=op.f(f"ck_{table}_one_source_of_keys")
        ),
        sa.CheckConstraint(
            "statistics_detail IN ('TOTALS', 'PRODUCTS')", name=op.f(f"ck_{table}_statistics_detail")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("issuer", name=op.f(f"uq_{table}_issuer")),
    )
    op.create_table(
        "fetched_keys",
        sa.Column("platform_id", sa.Uuid(), nullable=False),
        _text("jwks_json", server_default=""),
        _time("fetch_time", nullable=True),
        _time("attempt_time", now=False),
        _foreign("fetched_keys", "platform_id", table),
        sa.PrimaryKeyConstraint("platform_id", name=op.f("pk_fetched_keys")),
    )
    op.create_table(
        "care_workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform_id", sa.Uuid(), nullable=False),
        *map(_text, ("subject", "display_name", "language_code")),
        _time("create_time"),
        _time("update_time"),
        _foreign("care_workers", "platform_id", table),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_workers")),
        sa.UniqueConstraint("platform_id", "subject", name=op.f("uq_care_workers_platform_id_subject")),
    )


def _communities() -> None:
    table = "communities"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform_id", sa.Uuid(), nullable=False),
        *map(_text, ("external_id", "display_name")),
        sa.Column("residence_account_id", sa.Uuid(), nullable=True),
        *map(_text, ("email", "language_code")),
        sa.Column("payment_methods", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        _time("create_time"),
        _time("update_time"),
        _foreign(table, "platform_id", "care_platforms"),
        _foreign(table, "residence_account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("platform_id", "external_id", name=op.f(f"uq_{table}_platform_id_external_id")),
    )
    op.create_index("ix_communities_platform_id", table, ["platform_id", "id"])
    op.create_index("ix_communities_residence_account_id", table, ["residence_account_id"])


def _clients() -> None:
    table = "client_links"
    op.create_table(
        table,
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("platform_id", sa.Uuid(), nullable=False),
        sa.Column("community_id", sa.Uuid(), nullable=False),
        _text("external_id"),
        sa.Column("address_id", sa.Uuid(), nullable=True),
        sa.Column("payment_methods", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        _time("create_time"),
        _time("close_time", nullable=True),
        _foreign(table, "account_id", "accounts"),
        _foreign(table, "platform_id", "care_platforms"),
        _foreign(table, "community_id", "communities"),
        _foreign(table, "address_id", "addresses", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("account_id", name=op.f(f"pk_{table}")),
    )
    op.create_index(
        "uq_client_links_open",
        table,
        ["platform_id", "external_id"],
        unique=True,
        postgresql_where=sa.text("close_time IS NULL"),
    )
    op.create_index("ix_client_links_external_id", table, ["platform_id", "external_id"])
    op.create_index("ix_client_links_community_id", table, ["community_id"])
    op.create_index("ix_client_links_address_id", table, ["address_id"])


def _handoffs() -> None:
    table = "handoffs"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        *(
            sa.Column(f"{name}_id", sa.Uuid(), nullable=False)
            for name in ("platform", "community", "account")
        ),
        sa.Column("care_worker_id", sa.Uuid(), nullable=False),
        _text("return_address"),
        _time("create_time"),
        _time("expire_time", now=False),
        _time("use_time", nullable=True),
        _foreign(table, "platform_id", "care_platforms"),
        _foreign(table, "community_id", "communities"),
        _foreign(table, "account_id", "accounts"),
        _foreign(table, "care_worker_id", "care_workers"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("code_hash", name=op.f(f"uq_{table}_code_hash")),
    )
    op.create_index("ix_handoffs_care_worker_id", table, ["care_worker_id"])
    op.create_index("ix_handoffs_expire_time", table, ["expire_time"])
    op.create_table(
        "seen_tokens",
        sa.Column("platform_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        _time("expire_time", now=False),
        _foreign("seen_tokens", "platform_id", "care_platforms"),
        sa.PrimaryKeyConstraint("platform_id", "digest", name=op.f("pk_seen_tokens")),
    )
    op.create_index("ix_seen_tokens_expire_time", "seen_tokens", ["expire_time"])
    op.create_table(
        "handoff_refusals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("platform_id", sa.Uuid(), nullable=True),
        *map(_text, ("reason", "cause", "client_address", "request_id")),
        _time("occur_time"),
        _foreign("handoff_refusals", "platform_id", "care_platforms"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff_refusals")),
    )
    op.create_index("ix_handoff_refusals_platform_id", "handoff_refusals", ["platform_id", "id"])
    op.create_index("ix_handoff_refusals_occur_time", "handoff_refusals", ["occur_time"])


def _sessions() -> None:
    table = "session_families"
    op.add_column(table, sa.Column("care_worker_id", sa.Uuid(), nullable=True))
    op.add_column(table, sa.Column("community_id", sa.Uuid(), nullable=True))
    op.add_column(table, _text("return_address", server_default=""))
    for column, target in (("care_worker_id", "care_workers"), ("community_id", "communities")):
        op.create_foreign_key(op.f(f"fk_{table}_{column}"), table, target, [column], ["id"])
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    raise NotImplementedError("hand-offs are not taken back")
