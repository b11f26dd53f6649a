"""The SQL of erasing. A batch locks its orders, empties them, their lines and their history, and adds an entry to it.

`kept`: the basis of a fiscal document. Belgium: VAT Code, art. 60 par. 4 (ten years from 1 January of the year after
the document's date; law of 20 November 2022), and GDPR art. 17(3)(b). Until there is an invoice, name and address of
the customer on the order are what it will be made from. An order that was cancelled is no basis of anything.
"""

from __future__ import annotations

import sqlalchemy as sa

RETENTION_YEARS = 10
BATCH = 100
_RETENTION = f"make_date(extract(year FROM place_date)::int + {RETENTION_YEARS + 1}, 1, 1)"
_KEPT = f"(place_time IS NOT NULL AND state <> 'CANCELLED' AND {_RETENTION} > :today)"
_NAMELESS_APPROVAL = (
    "jsonb_set(jsonb_set(jsonb_set(approval, '{requested_by,2}', '\"\"'), '{decided_by,2}', '\"\"')"
    ", '{reason}', '\"\"')"
)
_ADDRESS = "CASE WHEN {kept} THEN {name} - 'phone' ELSE '{{}}' END"

_OF_ACCOUNT = f"""
    SELECT id FROM orders WHERE account_id = :account_id AND erase_time IS NULL
    ORDER BY create_time, id LIMIT {BATCH} FOR UPDATE"""  # noqa: S608  # constants
# Once each, and again where something was written meanwhile.
_OF_PERSON = f"""
    SELECT id FROM orders o WHERE account_id = :account_id AND (
        NOT :erasure_id = ANY(erasure_ids) AND (
            (owner_kind = 'PERSON' AND owner_id = :person) OR (actor_kind = 'PERSON' AND actor_id = :person)
            OR approval::text LIKE '%' || :person || '%'
            OR EXISTS (SELECT FROM order_history h WHERE h.order_id = o.id AND h.actor_id = :person))
        OR lower(contact_email) = ANY(CAST(:emails AS text[]))
        OR actor_kind = 'PERSON' AND actor_id = :person AND actor_name <> ''
        OR approval::text LIKE '%' || :person || '%' AND approval <> {_NAMELESS_APPROVAL})
    ORDER BY create_time, id LIMIT {BATCH} FOR UPDATE"""  # noqa: S608  # constants
_TOUCHED = """
    lines AS (UPDATE order_lines SET line_reference = '', cost_centre = '', note = ''
        WHERE order_id IN (SELECT id FROM emptied WHERE whole)),
    names AS (UPDATE order_history SET
            actor_name = CASE WHEN actor_kind IN ('PERSON', 'ACCOUNT') AND (:person = '' OR actor_id = :person)
                THEN '' ELSE actor_name END,
            detail = CASE WHEN :person = '' OR actor_id = :person THEN '' ELSE detail END
        WHERE order_id IN (SELECT id FROM emptied)),
    told AS (INSERT INTO order_history (order_id, sequence, occur_time, actor_kind, actor_id, actor_name, account_id,
            channel, action, from_state, to_state, detail)
        SELECT id, version, :now, 'SERVICE', 'customers', '', account_id, 'API', 'erased', came, state, '' FROM emptied)
    SELECT count(*) FROM emptied"""
# By what is in it, whatever was emptied before: who acted while that went on has added to it since.
HISTORY = sa.text(
    f"""
    UPDATE order_history SET detail = '',
        actor_name = CASE WHEN actor_kind IN ('PERSON', 'ACCOUNT') THEN '' ELSE actor_name END
    WHERE (order_id, sequence) IN (
        SELECT h.order_id, h.sequence FROM order_history h JOIN orders o ON o.id = h.order_id
        WHERE o.account_id = :account_id AND (:person = '' OR h.actor_id = :person)
            AND (h.detail <> '' OR h.actor_kind IN ('PERSON', 'ACCOUNT') AND h.actor_name <> '')
        LIMIT {BATCH})"""  # noqa: S608  # constants
)

# Everything of the account, also what others did for it.
ACCOUNT = sa.text(
    f"""
    WITH batch AS ({_OF_ACCOUNT}),
    emptied AS (UPDATE orders o SET
        state = CASE WHEN place_time IS NULL THEN 'CANCELLED' ELSE state END,
        cart = false, version = version + 1, update_time = :now,
        account_name = CASE WHEN {_KEPT} THEN account_name ELSE '' END,
        payer_name = CASE WHEN {_KEPT} OR payer_account_id <> account_id THEN payer_name ELSE '' END,
        actor_name = CASE WHEN actor_kind IN ('PERSON', 'ACCOUNT') THEN '' ELSE actor_name END,
        order_reference = '', cost_centre = '', note = '', contact_name = '', contact_email = '', contact_phone = '',
        billing_address = {_ADDRESS.format(kept=_KEPT, name="billing_address")},
        delivery_address = {_ADDRESS.format(kept=_KEPT, name="delivery_address")},
        pricing_customer = CASE WHEN {_KEPT} THEN pricing_customer
            ELSE pricing_customer || '{{"postal_code": "", "vat_number": ""}}' END,
        client_external_id = '', approval = {_NAMELESS_APPROVAL}, account_search = '', reference_search = '',
        placing_attempt = CASE WHEN place_time IS NULL THEN NULL ELSE placing_attempt END,
        placing_request = NULL, placing_until = NULL, create_fingerprint = NULL,
        erase_time = :now, erasure_ids = array_append(erasure_ids, :erasure_id),
        retention_date = CASE WHEN {_KEPT} THEN {_RETENTION} END
        FROM batch, (SELECT id AS old_id, state AS came FROM orders) AS before
        WHERE o.id = batch.id AND before.old_id = batch.id
        RETURNING o.id, o.version, o.account_id, came, o.state, true AS whole),
    {_TOUCHED}"""  # noqa: S608  # constants
)
# Where the person was the payer for somebody else: a sheet that was never placed needs no name.
PAYER = sa.text(
    "UPDATE orders SET payer_name = '' WHERE payer_account_id = :account_id AND payer_account_id <> account_id"
    " AND place_time IS NULL AND payer_name <> ''"
)
# What one person did in an account that goes on: the orders are the account's, and stay. Whoever is placing one of them
# has to begin anew: its version and history are no longer those that were read.
_MINE = "(owner_kind = 'PERSON' AND owner_id = :person)"
_ENDS = f"({_MINE} AND place_time IS NULL)"
_CLAIM = ("attempt", "request", "until")
_THEIR_CONTACT = f"({_MINE} OR lower(contact_email) = ANY(CAST(:emails AS text[])))"
_THEIR_ADDRESS = f"""{{name}} = CASE WHEN {_ENDS} THEN '{{{{}}}}'
            WHEN {_MINE} THEN {{name}} - 'phone' - CASE WHEN {_KEPT} THEN '' ELSE 'recipient' END ELSE {{name}} END"""


def _unless(condition: str, name: str, empty: str = "''") -> str:
    return f"{name} = CASE WHEN {condition} THEN {empty} ELSE {name} END"


PERSON = sa.text(
    f"""
    WITH batch AS ({_OF_PERSON}),
    emptied AS (UPDATE orders o SET
        {_unless(_ENDS, "state", "'CANCELLED'")}, {_unless(_ENDS, "cart", "false")},
        version = version + 1, update_time = :now,
        {_unless("actor_kind = 'PERSON' AND actor_id = :person", "actor_name")},
        {", ".join(_unless(_MINE, name) for name in ("order_reference", "cost_centre", "note", "reference_search"))},
        {", ".join(_unless(_THEIR_CONTACT, f"contact_{name}") for name in ("name", "email", "phone"))},
        {", ".join(_THEIR_ADDRESS.format(name=f"{kind}_address") for kind in ("billing", "delivery"))},
        {_unless(f"{_MINE} AND {_KEPT}", "retention_date", _RETENTION)},
        {_unless("approval::text LIKE '%' || :person || '%'", "approval", _NAMELESS_APPROVAL)},
        {", ".join(_unless("place_time IS NULL", f"placing_{name}", "NULL") for name in _CLAIM)},
        create_fingerprint = NULL,
        {_unless("NOT :erasure_id = ANY(erasure_ids)", "erasure_ids", "array_append(erasure_ids, :erasure_id)")}
        FROM batch, (SELECT id AS old_id, state AS came FROM orders) AS before
        WHERE o.id = batch.id AND before.old_id = batch.id
        RETURNING o.id, o.version, o.account_id, came, o.state, {_MINE} AS whole),
    {_TOUCHED}"""  # noqa: S608  # constants
)
COUNTS = sa.text(
    "SELECT count(*) AS orders, count(*) FILTER (WHERE place_time IS NULL) AS sheets,"
    " count(*) FILTER (WHERE place_time IS NOT NULL) AS placed, count(retention_date) FILTER (WHERE theirs) AS kept,"
    " max(retention_date) FILTER (WHERE theirs) AS until"
    " FROM (SELECT *, :person = '' OR owner_kind = 'PERSON' AND owner_id = :person AS theirs FROM orders"
    " WHERE erasure_ids @> ARRAY[:erasure_id] AND erasure_ids <> '{}') o"
)
# When the law no longer demands them. Of an account that goes on only who received the goods for it.
_GONE = "erase_time IS NOT NULL"
_LAPSED = "{name} = CASE WHEN erase_time IS NOT NULL THEN '{{}}' ELSE {name} - 'recipient' END"
_PRICED = """pricing_customer || '{"postal_code": "", "vat_number": ""}'"""
EXPIRED = sa.text(
    f"""
    UPDATE orders SET {_unless(_GONE, "account_name")},
        {_unless(f"{_GONE} AND payer_account_id = account_id", "payer_name")},
        {", ".join(_LAPSED.format(name=f"{kind}_address") for kind in ("billing", "delivery"))},
        {_unless(_GONE, "pricing_customer", _PRICED)}, retention_date = NULL
    WHERE id = ANY(ARRAY(SELECT id FROM orders WHERE retention_date <= :today LIMIT {BATCH} FOR UPDATE SKIP LOCKED))
    """  # noqa: S608  # constants
)
