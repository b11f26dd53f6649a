"""What is known about files; the bytes lie in the blob store under the id of their row.

A row without names and with `erasure_id` is what an erasure left to be counted: it has no blob.
"""

import sqlalchemy as sa

from orders.schema import metadata

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
    sa.Column("line_id", sa.Uuid, nullable=True),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("sha256", sa.LargeBinary, nullable=False),
    sa.Column("added_kind", sa.Text, nullable=False),
    sa.Column("added_id", sa.Text, nullable=False),
    sa.Column("added_name", sa.Text, nullable=False),
    sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    sa.Column("erasure_id", sa.Uuid, nullable=True),
    sa.Index("ix_attachments_order_id", "order_id", "id"),
    sa.Index("ix_attachments_erasure_id", "erasure_id", postgresql_where=sa.text("erasure_id IS NOT NULL")),
)
