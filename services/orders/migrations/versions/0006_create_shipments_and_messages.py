"""Shipments, messages about orders and canned messages. Orders that had shipped before have one shipment of all."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

DELAY_ID = "019ab2f0-0000-7000-8000-000000000001"
# What staff find there from the start; they may change or delete it.
DELAY = {
    "en": "Dear {contact_name},\n\nUnfortunately your order {order_number} of {order_date} will take longer than"
    " planned. We are sorry about that and will tell you as soon as it leaves us.\n\nKind regards,\n{vendor_name}",
    "fr": "Bonjour {contact_name},\n\nVotre commande {order_number} du {order_date} prend malheureusement plus de temps"
    " que prévu. Nous vous prions de nous en excuser et vous préviendrons dès son départ.\n\nCordialement,\n"
    "{vendor_name}",
    "nl": "Beste {contact_name},\n\nUw bestelling {order_number} van {order_date} loopt helaas vertraging op. Onze"
    " excuses daarvoor; we laten het u weten zodra ze vertrekt.\n\nMet vriendelijke groeten,\n{vendor_name}",
    "it": "Gentile {contact_name},\n\npurtroppo il Suo ordine {order_number} del {order_date} richiede più tempo del"
    " previsto. Ce ne scusiamo e La avviseremo appena partirà.\n\nCordiali saluti,\n{vendor_name}",
}
_TRIGGERS = (
    "CREATE TRIGGER kept BEFORE DELETE ON shipments FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON shipment_lines FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER kept BEFORE DELETE ON order_messages FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    """
CREATE TRIGGER only_erased BEFORE UPDATE ON order_messages FOR EACH ROW
    WHEN (ROW(OLD.id, OLD.order_id, OLD.from_customer, OLD.author_kind, OLD.author_id, OLD.create_time)
          IS DISTINCT FROM ROW(NEW.id, NEW.order_id, NEW.from_customer, NEW.author_kind, NEW.author_id, NEW.create_time)
        OR NEW.author_name NOT IN ('', OLD.author_name) OR NEW.text NOT IN ('', OLD.text))
    EXECUTE FUNCTION refuse_change()
""",
)
_SHIPPED_BEFORE = (
    """
INSERT INTO shipments (id, order_id, position, version, carrier, tracking_number, tracking_address, weight_grams,
    ship_time, deliver_time)
SELECT gen_random_uuid(), o.id, 1, 1, '', '', '', o.weight_grams,
    coalesce(min(h.occur_time) FILTER (WHERE h.action = 'shipped'), o.update_time),
    min(h.occur_time) FILTER (WHERE h.action = 'delivered')
FROM orders o LEFT JOIN order_history h ON h.order_id = o.id AND h.action IN ('shipped', 'delivered')
WHERE o.state IN ('SHIPPED', 'DELIVERED', 'CLOSED') GROUP BY o.id
""",
    "INSERT INTO shipment_lines (order_id, line_id, shipment_id, quantity) SELECT l.order_id, l.id, s.id, l.quantity"
    " FROM shipments s JOIN order_lines l ON l.order_id = s.order_id",
)


def upgrade() -> None:
    _create_shipments()
    _create_messages()
    for statement in (*_SHIPPED_BEFORE, *_TRIGGERS):
        op.execute(statement)


def _create_shipments() -> None:
    op.create_table(
        "shipments",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("order_id", sa.Uuid(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("carrier", "tracking_number", "tracking_address")
        ),
        sa.Column("weight_grams", sa.BigInteger(), nullable=False),
        sa.Column("ship_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deliver_time", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("order_id", "position", name="uq_shipments_order_id_position"),
    )
    op.create_table(
        "shipment_lines",
        sa.Column("order_id", sa.Uuid(), primary_key=True),
        sa.Column("line_id", sa.Uuid(), primary_key=True),
        sa.Column("shipment_id", sa.Uuid(), sa.ForeignKey("shipments.id"), primary_key=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint("quantity > 0", name="quantity"),
        sa.ForeignKeyConstraint(["order_id", "line_id"], ["order_lines.order_id", "order_lines.id"]),
    )
    op.create_table(
        "line_backorders",
        *(sa.Column(name, sa.Uuid(), primary_key=True) for name in ("order_id", "line_id", "warehouse_id")),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("expected_date", sa.Date(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("missing >= 0", name="missing"),
    )


def _create_messages() -> None:
    op.create_table(
        "order_messages",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("order_id", sa.Uuid(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("from_customer", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("author_kind", "author_id", "author_name", "text")
        ),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_order_messages_order_id", "order_messages", ["order_id", "create_time", "id"])
    canned = op.create_table(
        "canned_messages",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(collation="C"), nullable=False),
        sa.Column("texts", JSONB(), nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name_key", name="uq_canned_messages_name_key"),
    )
    op.execute(
        sa.insert(canned).values(
            id=DELAY_ID,
            version=1,
            name="Delay",
            name_key="delay",
            texts=DELAY,
            create_time=sa.func.now(),
            update_time=sa.func.now(),
        )
    )


def downgrade() -> None:
    for table in ("canned_messages", "order_messages", "line_backorders", "shipment_lines", "shipments"):
        op.drop_table(table)
