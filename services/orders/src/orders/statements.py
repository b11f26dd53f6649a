# ruff: noqa: S608  # built from constants of this package only, once, at import
"""The statements that read and write whole orders: one round trip each."""

from __future__ import annotations

from collections.abc import Iterable

from orders import direct
from orders.rows import LINE_COLUMNS

# Columns whose parameter is text on our side.
_CASTS = dict.fromkeys(
    ("billing_address", "delivery_address", "pricing_customer", "taxes", "approval", "terms_accepted_by"),
    "jsonb",
)
SHEET = (
    *("version", "state", "approval", "language", "currency", "tax_inclusive", "order_reference"),
    *("reference_search", "cost_centre", "note", "payer_account_id", "payer_name"),
    *("billing_address", "delivery_address", "contact_name", "contact_email", "contact_phone"),
    *("shipping_method", "payment_method", "payment_actor", "taken_time", "requested_delivery_date"),
    *("pricing_customer", "goods", "discount", "shipping", "tax", "total", "net", "weight_grams", "taxes"),
    *("line_count", "next_position", "update_time"),
)
_PARTIES = (
    *("account_name", "account_search", "actor_kind", "actor_id", "actor_name", "channel", "rep_code"),
    *("platform_id", "community_id", "community_external_id", "community_name", "care_worker_subject"),
    *("client_external_id", "assisted_session"),
)
NEW = (
    *SHEET,
    *_PARTIES,
    *("id", "payment_state", "fulfilment_state", "cart", "account_id", "owner_kind", "owner_id"),
    *("create_time", "create_fingerprint"),
)
PLACED = (
    *("number", "version", "state", "payment_state", "fulfilment_state", "payer_account_id"),
    "payer_name",
    *_PARTIES,
    *("approval", "terms_version", "terms_hash", "terms_accept_time", "terms_accepted_by"),
    *("place_time", "place_date", "update_time"),
)
ASKED = ("version", "state", "approval", "payer_account_id", "payer_name", *_PARTIES, "update_time")
MOVED = ("version", "state", "payment_state", "fulfilment_state", "approval", "update_time")

_SELECT_LINES = ", ".join(f"array_agg(x.{name}) AS l_{name}" for name in LINE_COLUMNS)


def _load(columns: str = "", joins: str = "", before: str = "", which: str = "o.id = :id") -> str:
    return f"""{before}
        SELECT o.*, o.placing_until > clock_timestamp() AS claim_live, l.*{columns}
        FROM orders o
        LEFT JOIN LATERAL (
            SELECT {_SELECT_LINES}
            FROM (SELECT * FROM order_lines WHERE order_id = o.id ORDER BY position) x
        ) l ON true {joins}
        WHERE {which}"""


LOAD = direct.statement(_load())
LOAD_SEVERAL = direct.statement(_load(which="o.id = ANY(:ids)"))
# What the page of an order shows beside it: counts and the latest of what has lists of its own.
PAGE = direct.statement(
    _load(
        ", to_jsonb(s) AS shipped, to_jsonb(m) AS written",
        """
        CROSS JOIN LATERAL (
            SELECT count(*) AS count, max(ship_time) AS last_time, coalesce(sum(weight_grams), 0) AS weight_grams,
                coalesce(array_agg(DISTINCT carrier COLLATE "C") FILTER (WHERE carrier <> ''), '{}') AS carriers
            FROM shipments WHERE order_id = o.id
        ) s
        CROSS JOIN LATERAL (
            SELECT count(*) AS count, max(create_time) AS last_time,
                (array_agg(from_customer ORDER BY create_time DESC, id DESC))[1] AS from_customer
            FROM order_messages WHERE order_id = o.id
        ) m""",
    )
)
# What placing needs beside the order: its shipping method and the terms in force.
_BESIDE = (
    ", m.method, t.version AS current_terms, t.hashes AS current_hashes",
    """
        LEFT JOIN LATERAL (
            SELECT to_jsonb(s) AS method FROM shipping_methods s WHERE s.code = o.shipping_method
        ) m ON true
        LEFT JOIN LATERAL (
            SELECT version, hashes FROM terms ORDER BY publish_time DESC LIMIT 1
        ) t ON true""",
)
PICTURE = direct.statement(_load(*_BESIDE))
# Claims the order for an attempt, unless it is changed, claimed, placed, or the request answered already. The
# database's clock alone decides whether a claim lives, whatever the clocks of several replicas say.
# `claimed_version` is that of the row as claimed; the rest is as of the beginning of the statement.
CLAIM = direct.statement(
    _load(
        f"{_BESIDE[0]}, (SELECT version FROM claimed) AS claimed_version,"
        " (SELECT fingerprint FROM answer) AS answer_fingerprint, (SELECT response FROM answer) AS answer_response",
        _BESIDE[1],
        """
        WITH answer AS (
            SELECT fingerprint, response FROM idempotency
            WHERE caller = :caller AND method = :method AND request_id = :request_id
        ), claimed AS (
            UPDATE orders SET placing_attempt = :attempt, placing_request = :request_id,
                placing_until = clock_timestamp() + make_interval(secs => :seconds)
            WHERE id = :id AND state = ANY(CAST(:from_states AS text[]))
                AND (placing_until IS NULL OR placing_until <= clock_timestamp())
                AND (CAST(:etag AS text) IN ('', '*') OR '"' || version || '"' = CAST(:etag AS text))
                AND (CAST(:account AS uuid) IS NULL OR account_id = CAST(:account AS uuid))
                AND (CAST(:owner AS text) IS NULL OR owner_id = CAST(:owner AS text))
                AND (CAST(:community AS uuid) IS NULL OR community_id = CAST(:community AS uuid))
                AND NOT EXISTS (SELECT 1 FROM answer)
            RETURNING version
        )""",
    )
)
LOCK = direct.statement("SELECT 1 FROM orders WHERE id = :id FOR NO KEY UPDATE")

_HISTORY = """
    INSERT INTO order_history (order_id, sequence, occur_time, actor_kind, actor_id, actor_name, account_id,
        channel, action, from_state, to_state, detail)
    SELECT o.id, CAST(:h_sequence AS int), CAST(:h_time AS timestamptz), CAST(:h_actor_kind AS text),
        CAST(:h_actor_id AS text), CAST(:h_actor_name AS text), CAST(:h_account_id AS uuid),
        CAST(:h_channel AS text), CAST(:h_action AS text), CAST(:h_from_state AS text),
        CAST(:h_to_state AS text), CAST(:h_detail AS text)
    FROM o"""


def _params(names: Iterable[str]) -> str:
    return ", ".join(f"CAST(:{name} AS {_CASTS[name]})" if name in _CASTS else f":{name}" for name in names)


def _assign(names: Iterable[str]) -> str:
    return ", ".join(f"{name} = {_params([name])}" for name in names)


def _lines(conflict: str = "") -> str:
    names = ", ".join(LINE_COLUMNS)
    arrays = ", ".join(f"CAST(:l_{name} AS {kind}[])" for name, kind in LINE_COLUMNS.items())
    return f"""
        written AS (
            INSERT INTO order_lines (order_id, {names})
            SELECT o.id, x.* FROM o, unnest({arrays}) AS x {conflict}
        ),"""


# Parts of a statement about the lines of the order that its part `o` writes; nothing when that returns nothing.
_NEW_LINES = _lines()
_CHANGED_LINES = _lines(
    "ON CONFLICT (order_id, id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in LINE_COLUMNS if name != "id")
)
_REMOVED_LINES = """
        removed AS (
            DELETE FROM order_lines USING o
            WHERE order_id = o.id AND order_lines.id = ANY(CAST(:removed AS uuid[]))
        ),"""


def _with_history(order: str, found: str, *, before: str = "", lines: str = "", after: str = "") -> str:
    """`order` writes the order and returns its id. `before` and `after` are more parts of the statement, which may be
    looked at from behind them."""
    return f"""
        WITH {before} o AS ({order}), {lines}
        told AS ({_HISTORY}) {after}
        SELECT {found} FROM o"""


INSERT = direct.statement(
    _with_history(
        f"INSERT INTO orders ({', '.join(NEW)}) VALUES ({_params(NEW)}) ON CONFLICT DO NOTHING RETURNING id",
        "o.id",
        lines=_NEW_LINES,
    )
)
SAVE = direct.statement(
    _with_history(
        f"""UPDATE orders SET {_assign(SHEET)}, placing_attempt = NULL, placing_request = NULL,
        placing_until = NULL WHERE id = :id RETURNING id""",
        "o.id",
        lines=_REMOVED_LINES + _CHANGED_LINES,
    )
)
NUMBER = direct.statement("SELECT next_order_number(:year) AS number")
# Everything that placing writes, in one statement and so in one transaction: all of it, or nothing when the claim is
# gone (`mine` = 0) or the request was answered meanwhile (`placed` = 0).
PLACE = direct.statement(
    _with_history(
        f"""UPDATE orders SET {_assign(PLACED)}, cart = false, placing_until = NULL
        FROM mine, answer WHERE orders.id = mine.id RETURNING orders.id""",
        "(SELECT count(*) FROM mine) AS mine, count(*) AS placed",
        before="""
        mine AS MATERIALIZED (
            SELECT id FROM orders
            WHERE id = :id AND placing_attempt = :attempt AND placing_until > clock_timestamp()
            FOR NO KEY UPDATE
        ), answer AS (
            INSERT INTO idempotency (caller, method, request_id, fingerprint, response)
            SELECT CAST(:caller AS text), CAST(:method AS text), CAST(:request_id AS uuid),
                CAST(:fingerprint AS bytea), CAST(:response AS bytea) FROM mine
            ON CONFLICT DO NOTHING RETURNING 1
        ),""",
        lines=_CHANGED_LINES,
        after="""
        , event AS (
            INSERT INTO outbox (id, subject, payload, headers)
            SELECT CAST(:event_id AS uuid), CAST(:event_subject AS text), CAST(:event_payload AS bytea),
                CAST(:event_headers AS jsonb) FROM o
        )""",
    )
)
# The end of an attempt that may not place by itself: the order waits for approval.
ASK = direct.statement(
    _with_history(
        f"""UPDATE orders SET {_assign(ASKED)}, cart = false, placing_attempt = NULL, placing_request = NULL,
        placing_until = NULL
        WHERE id = :id AND placing_attempt = :attempt AND placing_until > clock_timestamp()
        RETURNING id""",
        "o.id",
        lines=_CHANGED_LINES,
    )
)
MOVE = direct.statement(
    f"""WITH o AS (UPDATE orders SET {_assign(MOVED)}, cart = false, placing_until = NULL WHERE id = :id
        RETURNING id) {_HISTORY}"""
)
