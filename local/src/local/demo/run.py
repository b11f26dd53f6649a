"""Load everything, in the order in which it depends on each other, and order."""

from __future__ import annotations

import time

import httpx

from local.demo import assisted, care, catalogue, ordering, people, spending, vendor
from local.demo.api import Api, Mails, Refused
from local.demo.show import step, title
from local.demo.site import Site


async def load(site: Site) -> int:
    """Fill the installation; answers 0, or 1 when the API refused something."""
    return await _with(site, order=False)


async def whole(site: Site) -> int:
    """Fill the installation and order; answers 0 when the order was placed and confirmed by mail."""
    return await _with(site, order=True)


async def _with(site: Site, *, order: bool) -> int:
    api, mails = Api(site.gateway_url), Mails(site.mailbox_url)
    started = time.monotonic()
    try:
        await _load(api, mails, site)
        step("loaded", f"in {time.monotonic() - started:.1f} s")
        return await _order(api, mails, site) if order else 0
    except* (Refused, RuntimeError, httpx.HTTPError) as refusals:
        for refusal in refusals.exceptions:
            step("failed", str(refusal) or type(refusal).__name__)
    finally:
        await api.close()
        await mails.close()
    return 1


async def _order(api: Api, mails: Mails, site: Site) -> int:
    """Every story in turn; the first that fails ends the demonstration."""
    if status := await ordering.order_as_representative(api, mails, site.demo_password):
        return status
    if status := await assisted.order_for_a_client(api, mails, site):
        return status
    return await spending.approve_an_order(api, mails, site.demo_password)


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
