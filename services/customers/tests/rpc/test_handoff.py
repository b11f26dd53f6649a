"""Hand-offs over the wire: from the platform's signed statement to an assisted session."""

from typing import Any

import pytest

from customers import housekeeping


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


@pytest.mark.spec("H-02")
async def test_a_platforms_own_storefront(partner: Any) -> None:
    await partner.change(storefront_address="https://shop.example/nl/care")
    answer = await partner.post(partner.assertion())
    assert answer.address.startswith("https://shop.example/nl/care#handoff=")


@pytest.mark.spec("H-02")
async def test_what_is_stored_of_a_code_does_not_open_anything(
    world: Any, partner: Any, refused: Any
) -> None:
    code = await partner.hand_off()
    stored = await world.scalar("SELECT encode(code_hash, 'hex') FROM handoffs")
    assert code not in stored
    with pytest.raises(refused):
        await partner.exchange(stored)
    await partner.exchange(code)


@pytest.mark.spec("H-06")
async def test_a_refused_profile_does_not_use_the_statement_up(
    world: Any, partner: Any, refused: Any
) -> None:
    """Nothing of it is kept, so the platform may send the same statement again once its cause is gone."""
    claims = partner.claims(community={"id": "residence-2"}, communities=["residence-2"])
    claims["client"]["community"] = "residence-2"
    assertion = partner.sign(claims)
    with pytest.raises(refused) as error:
        await partner.post(assertion)
    assert error.value.metadata == {"cause": "COMMUNITY"}
    await partner.community("residence-2")
    await partner.post(assertion)
    with pytest.raises(refused) as error:
        await partner.post(assertion)
    assert error.value.metadata == {"cause": "REPLAYED"}


@pytest.mark.spec("H-02", "H-06")
async def test_what_has_served_its_time_is_deleted(world: Any, partner: Any, refused: Any) -> None:
    await partner.hand_off()
    with pytest.raises(refused):
        await partner.post("nonsense")
    counts = (
        "SELECT (SELECT count(*) FROM handoffs) || ' ' || (SELECT count(*) FROM seen_tokens)"
        " || ' ' || (SELECT count(*) FROM handoff_refusals)"
    )
    await housekeeping.purge(world.sessions)
    assert await world.scalar(counts) == "1 1 1"
    await world.execute("UPDATE seen_tokens SET expire_time = now() - interval '1 second'")
    await world.execute("UPDATE handoffs SET expire_time = now() - interval '25 hours'")
    await world.execute("UPDATE handoff_refusals SET occur_time = now() - interval '91 days'")
    await housekeeping.purge(world.sessions)
    assert await world.scalar(counts) == "0 0 0"


@pytest.mark.spec("H-06")
async def test_an_id_is_remembered_as_long_as_its_token_could_be_accepted(world: Any, partner: Any) -> None:
    claims = partner.claims()
    await partner.post(partner.sign(claims))
    kept = await world.scalar("SELECT extract(epoch FROM expire_time)::float8 FROM seen_tokens")
    assert kept >= claims["exp"] + 30  # the leeway for clocks
