"""Tables of import jobs: the uploaded pieces, the checkpoint, what a job has seen, and its verdicts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.database import metadata, text_column, time_column


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


KINDS = ("PRODUCTS", "PRICES", "STOCK")
STATES = ("UPLOADING", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED")

# `record_number` is the checkpoint: the last line of the file whose record was applied.
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    text_column("kind"),
    text_column("format"),
    text_column("file_name", server_default=""),
    text_column("source_address", server_default=""),
    text_column("state"),
    text_column("encoding", server_default="utf-8"),
    _count("total_bytes"),
    _count("processed_bytes"),
    _count("record_number"),
    _count("accepted_count"),
    _count("changed_count"),
    _count("unchanged_count"),
    _count("refused_count"),
    text_column("error", server_default=""),
    sa.Column("cancel_requested", sa.Boolean, nullable=False, server_default=sa.false()),
    text_column("caller", server_default=""),
    sa.Column("request_id", sa.Uuid, nullable=True),
    sa.Column("sha256", sa.LargeBinary, nullable=True),
    sa.Column("attribution", sa.LargeBinary, nullable=False),
    time_column(),
    time_column("finish_time", nullable=True),
    sa.CheckConstraint(sa.column("kind").in_(KINDS), name="kind"),
    sa.CheckConstraint(sa.column("state").in_(STATES), name="state"),
    sa.Index(
        "uq_imports_request_id",
        "caller",
        "request_id",
        unique=True,
        postgresql_where=sa.text("state <> 'UPLOADING' AND request_id IS NOT NULL"),
    ),
    sa.Index("ix_imports_waiting", "id", postgresql_where=sa.text("state IN ('PENDING', 'RUNNING')")),
)
import_pieces = sa.Table(
    "import_pieces",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.id"), primary_key=True),
    sa.Column("no", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
# Records already met in the same file; emptied when the job ends.
import_seen = sa.Table(
    "import_seen",
    metadata,
    sa.Column("import_id", sa.Uuid, primary_key=True),
    text_column("key", primary_key=True),
)
import_verdicts = sa.Table(
    "import_verdicts",
    metadata,
    sa.Column("import_id", sa.Uuid, sa.ForeignKey("imports.id"), primary_key=True),
    sa.Column("record_number", sa.BigInteger, primary_key=True),
    text_column("record_ref"),
    text_column("outcome"),
    sa.Column("findings", JSONB, nullable=True),
    sa.Index("ix_import_verdicts_outcome", "import_id", "outcome", "record_number"),
)
