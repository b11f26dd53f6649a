"""Load everything, in the order in which it depends on each other, and order."""

from __future__ import annotations

import time

import httpx

from local.demo import assisted, care, catalogue, ordering, people, sharing, spending, vendor
from local.demo.api import Api, Mails, Refused
from local.demo.show import step, title
from local.demo.site import Site


async def whole(site: Site, *, once: bool = False) -> int:
    """Fill the installation and order; `once`: only where nobody has ordered yet. Answers 0 when the orders were
    placed and confirmed by mail, 1 when the API refused something."""
    api, mails = Api(site.gateway_url), Mails(site.mailbox_url)
    started = time.monotonic()
    try:
        await _load(api, mails, site)
        step("loaded", f"in {time.monotonic() - started:.1f} s")
        return 0 if once and await _was_ordered(api, site) else await _order(api, mails, site)
    except* (Refused, RuntimeError, httpx.HTTPError) as refusals:
        for refusal in refusals.exceptions:
            step("failed", str(refusal) or type(refusal).__name__)
    finally:
        await api.close()
        await mails.close()
    return 1


async def _was_ordered(api: Api, site: Site) -> bool:
    admin = await api.sign_in(site.admin_email, site.admin_password)
    return bool((await admin.get("/v1/orders", page_size=1))["items"])


async def _order(api: Api, mails: Mails, site: Site) -> int:
    """Every story in turn; the first that fails ends the demonstration."""
    if status := await ordering.order_as_representative(api, mails, site.demo_password):
        return status
    if status := await assisted.order_for_a_client(api, mails, site):
        return status
    if status := await spending.approve_an_order(api, mails, site.demo_password):
        return status
    return await sharing.agree_on_an_order(api, mails, site.demo_password)


async def _load(api: Api, mails: Mails, site: Site) -> None:
    title("Loading the demo data through the public API")
    admin = await api.sign_in(site.admin_email, site.admin_password)
    await vendor.set_up(admin)
    await catalogue.import_all(admin)
    await vendor.set_discounts(admin)
    await vendor.set_selections(admin)
    await people.create_all(admin)
    await people.set_passwords(api, mails, site.demo_password)
    await care.register(admin, site.careplatform_url)
