"""Keys that a platform publishes at an address: rotation without downtime, few questions, no trust for long."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from commis.customers.v1 import platforms_pb2

from chassis.errors import Violations
from chassis.outward import ForeignHttp
from customers.platforms import partner_keys
from customers.platforms.partner_keys import PartnerKeys
from customers.platforms.wire import Checks

AGE = "UPDATE fetched_keys SET fetch_time = fetch_time - interval '{0}', attempt_time = attempt_time - interval '{0}'"


@pytest.fixture
async def published(partner_of: Any, key_server: Any) -> Any:
    """A platform whose keys are at the key server; what was asked at registration is not counted."""
    partner = partner_of()
    key_server.document = partner.jwks()
    await partner.register(jwks_uri=key_server.url)
    await partner.community()
    key_server.asked = 0
    return partner


@pytest.mark.spec("H-01")
async def test_keys_are_asked_for_once_and_then_known(published: Any, key_server: Any) -> None:
    for _ in range(3):
        await published.open_session()
    assert key_server.asked == 1


@pytest.mark.spec("H-01")
async def test_many_first_handoffs_at_once_ask_once(published: Any, key_server: Any) -> None:
    gate = asyncio.Event()
    key_server.wait = gate.wait
    waiting = [asyncio.create_task(published.hand_off(sub=f"client-{index}")) for index in range(20)]
    while not key_server.asked:
        await asyncio.sleep(0.01)
    gate.set()
    codes = await asyncio.gather(*waiting)
    assert len(set(codes)) == 20
    assert key_server.asked == 1


@pytest.mark.spec("H-01")
async def test_keys_rotate_without_downtime(
    world: Any, published: Any, key_server: Any, refused: Any
) -> None:
    await published.open_session()
    key_server.document = published.jwks("key-1", "key-2")
    await world.execute(AGE.format("61 seconds"))
    await published.open_session()  # the old key still signs
    assert key_server.asked == 1
    published.kid = "key-2"
    await published.open_session()  # an unknown kid: asked at once
    assert key_server.asked == 2
    published.kid = "key-1"
    await published.open_session()  # both are known in the time between
    # A key that was taken out is trusted for ten minutes at most while the platform answers.
    key_server.document = published.jwks("key-2")
    await world.execute(AGE.format("11 minutes"))
    with pytest.raises(refused) as error:
        await published.open_session()
    assert error.value.metadata == {"cause": "KEY"}
    published.kid = "key-2"
    await published.open_session()
    assert key_server.asked == 3


@pytest.mark.spec("H-01", "H-06")
async def test_unknown_kids_ask_once_a_minute(
    published: Any, key_server: Any, refused: Any, world: Any
) -> None:
    await published.open_session()
    for index in range(5):
        with pytest.raises(refused) as error:
            await published.post(published.sign(published.claims(), kid=f"no-{index}"))
        assert error.value.metadata == {"cause": "KEY"}
    assert key_server.asked == 1
    await world.execute(AGE.format("61 seconds"))
    for index in range(5):
        with pytest.raises(refused):
            await published.post(published.sign(published.claims(), kid=f"no-{index}"))
    assert key_server.asked == 2


@pytest.mark.spec("H-01")
@pytest.mark.parametrize("trouble", ["down", "status", "nonsense", "oversized"])
async def test_known_keys_serve_while_the_platform_has_trouble(
    world: Any, published: Any, key_server: Any, refused: Any, trouble: str
) -> None:
    await published.open_session()
    match trouble:
        case "down":
            key_server.down = True
        case "status":
            key_server.status = 500
        case "nonsense":
            key_server.document = "<html>maintenance</html>"
        case "oversized":
            key_server.document = '{"keys": [' + " " * 70_000 + "]}"
    await world.execute(AGE.format("1 hour"))
    await published.open_session()
    assert key_server.asked == 2
    # Not for ever: somebody who can keep us from asking must not keep a stolen key alive.
    await world.execute(AGE.format("25 hours"))
    with pytest.raises(refused) as error:
        await published.open_session()
    assert error.value.metadata == {"cause": "KEY"}


@pytest.mark.spec("H-01")
@pytest.mark.parametrize(
    "left", ["nothing", "for encryption", "private", "also private", "private of another"]
)
async def test_the_only_key_can_be_taken_away(
    world: Any, published: Any, key_server: Any, refused: Any, left: str
) -> None:
    """What the platform answers is a key set, so it is what counts: no longer than a key that was replaced is the old
    one trusted. A private key that is shown is known to everybody, beside whatever public form of it."""
    await published.open_session()
    public, private = (published.key().as_dict(private=shown) for shown in (False, True))
    keys = {
        "nothing": [],
        "for encryption": [public | {"use": "enc"}],
        "private": [private],
        "also private": [public, private | {"kid": "key-0"}],
        "private of another": [published.key("key-9").as_dict(private=True)],
    }[left]
    key_server.document = json.dumps({"keys": keys})
    await world.execute(AGE.format("11 minutes"))
    for _ in range(2):
        with pytest.raises(refused) as error:
            await published.open_session()
        assert error.value.metadata == {"cause": "KEY"}
    # Nor is it back when the platform is down afterwards.
    key_server.down = True
    await world.execute(AGE.format("11 minutes"))
    with pytest.raises(refused) as error:
        await published.open_session()
    assert error.value.metadata == {"cause": "KEY"}
    key_server.down, key_server.document = False, published.jwks("key-2")
    published.kid = "key-2"
    await world.execute(AGE.format("61 seconds"))
    await published.open_session()


@pytest.mark.spec("H-01")
async def test_a_platform_may_be_registered_before_its_keys_are_there(
    partner_of: Any, key_server: Any, refused: Any, world: Any
) -> None:
    partner = partner_of()
    key_server.status = 404
    await partner.register(jwks_uri=key_server.url)
    await partner.community()
    with pytest.raises(refused) as error:
        await partner.open_session()
    assert error.value.metadata == {"cause": "KEY"}
    key_server.status, key_server.document = 200, partner.jwks()
    await world.execute("UPDATE fetched_keys SET attempt_time = attempt_time - interval '61 seconds'")
    await partner.open_session()


@pytest.mark.spec("H-01")
async def test_another_address_forgets_the_keys_of_the_old_one(
    world: Any, published: Any, key_server: Any, refused: Any
) -> None:
    await published.open_session()
    key_server.document = published.jwks("key-2")
    await published.change(jwks_uri=key_server.url + "?v=2")
    with pytest.raises(refused) as error:
        await published.open_session()
    assert error.value.metadata == {"cause": "KEY"}
    published.kid = "key-2"
    await published.open_session()
    changed = await published.change(jwks_json=published.jwks("key-3"))
    assert changed.jwks_uri == ""
    published.kid = "key-3"
    await published.open_session()


@pytest.mark.spec("H-01")
async def test_replicas_share_what_was_fetched(sessions: Any, published: Any, key_server: Any) -> None:
    """Two processes need a key at the same time: one asks, the other waits for the answer."""
    gate = asyncio.Event()
    key_server.wait = gate.wait
    source = partner_keys.KeySource(UUID(published.id), key_server.url, "")
    replicas = [PartnerKeys(sessions, ForeignHttp(internal_allowed=True)) for _ in range(2)]
    looking = [asyncio.create_task(one.find(source, "key-1", "EdDSA")) for one in replicas]
    while not key_server.asked:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    gate.set()
    found = await asyncio.gather(*looking)
    assert all(key is not None for key in found)
    assert key_server.asked == 1


@pytest.mark.spec("H-01", "A-22")
@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1/jwks", "https://10.0.0.1/jwks", "https://localhost/jwks", "ftp://care.example/"],
)
async def test_production_asks_no_internal_network(address: str) -> None:
    found = Violations()
    Checks(internal_allowed=False).platform(found, platforms_pb2.CarePlatform(jwks_uri=address), ["jwks_uri"])
    assert [(one.field, one.reason) for one in found] == [("care_platform.jwks_uri", "ADDRESS_REFUSED")]
