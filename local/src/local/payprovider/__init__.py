"""A payment provider for development: the part of Mollie's Payments API v2 that Commis uses, and its hosted page.

``python -m local.payprovider`` listens on 127.0.0.1:8027. It moves no money and keeps everything in memory.

- ``POST /v2/payments``, ``GET /v2/payments/{id}`` (with ``?embed=refunds``), ``DELETE /v2/payments/{id}``,
  ``POST`` and ``GET /v2/payments/{id}/refunds``: with ``Authorization: Bearer <key>``, errors as HAL documents, and
  ``Idempotency-Key`` on POST.
- ``GET /checkout/{id}`` is the page for the customer, with buttons to pay, to fail, to cancel, to let it expire, and to
  leave it pending; ``POST /checkout/{id}`` with the form field ``action`` does it, calls the webhook
  (a form with ``id``, unsigned) and sends the browser back to the shop.
- ``POST /switches`` with a JSON object of ``payprovider.ledger.Switches``: answer the next calls with an error, lose
  answers, hold webhooks back, double them, send them before the answer, refuse refunds.
- ``GET /payments``: everything, the newest first. ``POST /payments/{id}:{state}`` changes a payment as the customer
  would; ``POST /refunds/{id}:{state}`` a refund. ``POST /webhooks`` sends what was held back.
- ``GET /stats``: how often what was called.
"""

# Public: this provider moves no money.
LOCAL_KEY = "test_local_only_moves_no_money_000"
