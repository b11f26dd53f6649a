"""Create everything catalog keeps; the statements are in the SQL file of the same name."""

from pathlib import Path

from alembic import op

from chassis.tables import create_chassis_tables, drop_chassis_tables

revision = "0001"
down_revision = None

TABLES = (
    "import_verdicts, import_seen, import_pieces, imports, search_stale, search_prices, search_variants, search_documents,"
    " facet_values, stock_reservations, stock_holds, stock_movements, stock_levels, warehouses,"
    " reference_version, discount_rows, price_list_orders, prices, price_lists, variants, products, categories"
)


def upgrade() -> None:
    create_chassis_tables(op)
    statements = Path(__file__).with_suffix(".sql").read_text()
    op.get_bind().exec_driver_sql("SET check_function_bodies = off")
    for statement in _split(statements):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.get_bind().exec_driver_sql(f"DROP TABLE {TABLES}")
    op.get_bind().exec_driver_sql("DROP FUNCTION refuse_change")
    drop_chassis_tables(op)


def _split(text: str) -> list[str]:
    """Statements one by one, for asyncpg prepares each; a function body between $$ is one piece."""
    parts = text.split("$$")
    joined = [part if number % 2 == 0 else part.replace(";", "\0") for number, part in enumerate(parts)]
    statements = (piece.replace("\0", ";").strip() for piece in "$$".join(joined).split(";"))
    return [
        piece for piece in statements if piece and not all(x.startswith("--") for x in piece.splitlines())
    ]
