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
# Where the person was the payer for somebody else: a sheet that was never placed needs no name.
PAYER = sa.text(
    "UPDATE orders SET payer_name = '' WHERE payer_account_id = :account_id AND payer_account_id <> account_id"
    " AND place_time IS NULL AND payer_name <> ''"
)
# What one person did in an account that goes on: the orders are the account's, and stay.
_MINE = "(owner_kind = 'PERSON' AND owner_id = :person)"
_ENDS = f"({_MINE} AND place_time IS NULL)"
_THEIR_CONTACT = f"({_MINE} OR lower(contact_email) = ANY(CAST(:emails AS text[])))"


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
        {_unless(_ENDS, "billing_address", "'{}'")}, {_unless(_ENDS, "delivery_address", "'{}'")},
        {_unless("approval::text LIKE '%' || :person || '%'", "approval", _NAMELESS_APPROVAL)},
        {", ".join(_unless(_ENDS, f"placing_{name}", "NULL") for name in ("attempt", "request", "until"))},
        create_fingerprint = NULL, erasure_id = :erasure_id
        FROM batch, (SELECT id AS old_id, state AS came FROM orders) AS before
        WHERE o.id = batch.id AND before.old_id = batch.id
        RETURNING o.id, o.version, o.account_id, came, o.state, {_MINE} AS whole),
    {_TOUCHED}"""  # noqa: S608  # constants
)
COUNTS = sa.text(
    "SELECT count(*) AS orders, count(*) FILTER (WHERE place_time IS NULL) AS sheets,"
    " count(*) FILTER (WHERE place_time IS NOT NULL) AS placed, count(retention_date) AS kept,"
    " max(retention_date) AS until FROM orders WHERE erasure_id = :erasure_id"
)
# When the law no longer demands them.
EXPIRED = sa.text(
    f"""
    UPDATE orders SET account_name = '',
        payer_name = CASE WHEN payer_account_id = account_id THEN '' ELSE payer_name END,
        billing_address = '{{}}', delivery_address = '{{}}',
        pricing_customer = pricing_customer || '{{"postal_code": "", "vat_number": ""}}', retention_date = NULL
    WHERE id = ANY(ARRAY(SELECT id FROM orders WHERE retention_date <= :today LIMIT {BATCH} FOR UPDATE SKIP LOCKED))
    """  # noqa: S608  # constants
)
