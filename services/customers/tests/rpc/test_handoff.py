"""Hand-offs over the wire: from the platform's signed statement to an assisted session."""

from typing import Any

import pytest


@pytest.mark.spec("H-01", "H-02", "H-03")
@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519", "ES256", "PS256", "RS256"])
async def test_a_signed_statement_becomes_a_session(partner_of: Any, algorithm: str) -> None:
    partner = await partner_of(algorithm=algorithm).register()
    await partner.community()
    answer = await partner.post(partner.assertion())
    base, _, code = answer.address.partition("#handoff=")
    assert base == "http://127.0.0.1:8080/storefront"
    assert len(code) == 43
    assert "Marie" not in answer.address
    opened = await partner.exchange(code)
    assisted = opened.session.assisted
    assert opened.session.subject.display_name == assisted.client_name == "Marie Peeters"
    assert opened.session.actor.display_name == assisted.care_worker_name == "Jan Janssens"
    assert (assisted.platform_name, assisted.community_name) == ("Care", "Résidence residence-1")
    assert opened.tokens.access_token
    assert opened.tokens.refresh_token
