"""A care platform for development: what a partner's system does, so that the hand-off can be tried.

``python -m local.careplatform`` listens on 127.0.0.1:8026. Who its care workers and clients are stands in
``local/data/care.json``. It has a key of its own, publishes it, hands care workers over by the back channel,
asks for its own token by a signed assertion, reads statistics, and receives webhooks and verifies them.

- ``GET /.well-known/jwks.json`` its public key.
- ``POST /handoffs`` with ``client`` and ``care_worker`` (their ids on the platform): signs, posts to the gateway,
  answers what the gateway answered.
- ``POST /webhook-secrets`` with ``secret``; ``POST /webhooks`` is the target of a subscription;
  ``GET /webhooks?order_id=`` what was received and verified, the newest first.
- ``GET /communities`` and ``GET /communities/{id}/statistics?from=&to=``: read with the platform's own token.
- ``GET /stats`` with ``received`` and ``refused``.
"""
