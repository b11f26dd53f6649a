"""PriceListService."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from commis.catalog.v1 import pricing_pb2 as pb
from commis.catalog.v1 import pricing_pb2_grpc
from sqlalchemy.ext.asyncio import AsyncSession

from catalog import commands
from catalog.accounts import Accounts
from catalog.pricing import events, list_wire, lists, queries
from catalog.pricing.history import NewPrice, Stored
from catalog.pricing.lists import Subject
from catalog.pricing.prices import PriceBook, PriceListNotFound, VariantNotFound, lock_lists
from catalog.pricing.quote import Quoter
from catalog.products.domain import FieldsUnknown
from catalog.products.queries import find_variants
from chassis import access, fields, paging
from chassis.access import Rule
from chassis.db import Sessions
from chassis.errors import Violations

_STAFF = access.staff("CATALOGUE", "FINANCE")
_WRITABLE = frozenset(("display_name", "default_use"))
_MEANING = frozenset(("code", "currency_code", "tax_inclusive", "publisher_region_code"))
_FIXED = _MEANING | {"id", "create_time", "etag"}


class PriceListServicer(pricing_pb2_grpc.PriceListServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = dict.fromkeys(
        ("CreatePriceList", "GetPriceList", "UpdatePriceList", "ListPriceLists", "SetPrices", "ListPrices",
         "SetPriceListOrder", "GetPriceListOrder"),
        _STAFF,
    )  # fmt: skip

    def __init__(self, sessions: Sessions, quoter: Quoter, accounts: Accounts) -> None:
        self._sessions, self._quoter, self._accounts = sessions, quoter, accounts

    async def CreatePriceList(
        self, request: pb.CreatePriceListRequest, _context: Any
    ) -> pb.CreatePriceListResponse:
        v = Violations()
        sent = request.price_list
        values = {
            "code": fields.text(v, "price_list.code", sent.code, required=True, max_length=50),
            "display_name": fields.text(v, "price_list.display_name", sent.display_name),
            "currency_code": list_wire.currency(v, "price_list.currency_code", sent.currency_code),
            "tax_inclusive": sent.tax_inclusive,
            "default_use": _default_use(v, sent) or "NONE",
            "publisher_region_code": _publisher_region(v, sent),
        }
        v.raise_if_any()

        async def work(session: AsyncSession) -> pb.CreatePriceListResponse:
            view = await lists.create(session, values)
            events.price_list_changed(session, view.id, view.version)
            return pb.CreatePriceListResponse(price_list=list_wire.list_to_proto(view))

        return await commands.once(
            self._sessions, "CreatePriceList", request, pb.CreatePriceListResponse, work
        )

    async def GetPriceList(self, request: pb.GetPriceListRequest, _context: Any) -> pb.GetPriceListResponse:
        list_id = _required(request.price_list_id, "price_list_id")
        async with self._sessions() as session:
            return pb.GetPriceListResponse(
                price_list=list_wire.list_to_proto(await lists.get(session, list_id))
            )

    async def UpdatePriceList(
        self, request: pb.UpdatePriceListRequest, _context: Any
    ) -> pb.UpdatePriceListResponse:
        sent = request.price_list
        paths = set(request.update_mask.paths) or {field.name for field, _ in sent.ListFields()} & _WRITABLE
        if "*" in paths:
            paths = set(_WRITABLE)
        unknown = paths - _WRITABLE - _FIXED
        if unknown:
            raise FieldsUnknown(", ".join(sorted(unknown)))
        v = Violations()
        for path in sorted(paths & _MEANING):
            v.add(f"price_list.{path}", "cannot change: prices were made for it", "IMMUTABLE")
        list_id = fields.identifier(v, "price_list.id", sent.id)
        changes: dict[str, Any] = {}
        if "display_name" in paths:
            changes["display_name"] = fields.text(v, "price_list.display_name", sent.display_name)
        if "default_use" in paths:
            changes["default_use"] = _default_use(v, sent) or "NONE"
        v.raise_if_any()
        assert list_id is not None

        async def work(session: AsyncSession) -> pb.UpdatePriceListResponse:
            view = await lists.update(session, list_id, changes, sent.etag)
            events.price_list_changed(session, list_id, view.version)
            return pb.UpdatePriceListResponse(price_list=list_wire.list_to_proto(view))

        return await commands.once(
            self._sessions, "UpdatePriceList", request, pb.UpdatePriceListResponse, work
        )

    async def ListPriceLists(
        self, request: pb.ListPriceListsRequest, _context: Any
    ) -> pb.ListPriceListsResponse:
        filters = {"list": "price_lists"}
        page = paging.decode(request.page_size, request.page_token, filters)
        async with self._sessions() as session:
            views = await lists.list_page(session, page.after[0] if page.after else None, page.size + 1)
        token = paging.next_token((views[page.size - 1].code,), filters) if views[page.size :] else ""
        built = [list_wire.list_to_proto(view) for view in views[: page.size]]
        return pb.ListPriceListsResponse(price_lists=built, next_page_token=token)

    async def SetPrices(self, request: pb.SetPricesRequest, _context: Any) -> pb.SetPricesResponse:
        list_id = _required(request.price_list_id, "price_list_id")

        async def work(session: AsyncSession) -> pb.SetPricesResponse:
            found = (await lock_lists(session, [list_id])).get(list_id)
            if found is None:
                raise PriceListNotFound(list_id)
            asked = _asked(request, found.currency)
            variants = await _variants(session, request.prices)
            new = [NewPrice(found.no, variants[number][1], *price) for number, price in enumerate(asked)]
            today = self._quoter.clock().today
            book = await PriceBook.read(session, [(price.list_no, price.variant_no) for price in new], today)
            results: list[tuple[Stored, bool]] = [book.set(price) for price in new]
            await book.write(session)
            if any(changed for _, changed in results):
                events.prices_set(session, list_id, list(dict.fromkeys(variant[0] for variant in variants)))
            views = await queries.prices_by_id(session, [stored.id for stored, _ in results])
            return pb.SetPricesResponse(
                prices=[list_wire.price_to_proto(views[stored.id]) for stored, _ in results]
            )

        return await commands.once(self._sessions, "SetPrices", request, pb.SetPricesResponse, work)

    async def ListPrices(self, request: pb.ListPricesRequest, _context: Any) -> pb.ListPricesResponse:
        v = Violations()
        list_id = fields.identifier(v, "price_list_id", request.price_list_id, required=False)
        variant_id = fields.identifier(v, "variant_id", request.variant_id, required=False)
        v.raise_if_any()
        filters = {"list": request.price_list_id, "variant": request.variant_id}
        page = paging.decode(request.page_size, request.page_token, filters)
        after = page.after[0] if page.after else None
        async with self._sessions() as session:
            views = await queries.list_prices(session, list_id, variant_id, after, page.size + 1)
        token = paging.next_token((views[page.size - 1].id,), filters) if views[page.size :] else ""
        built = [list_wire.price_to_proto(view) for view in views[: page.size]]
        return pb.ListPricesResponse(prices=built, next_page_token=token)

    async def SetPriceListOrder(
        self, request: pb.SetPriceListOrderRequest, _context: Any
    ) -> pb.SetPriceListOrderResponse:
        v = Violations()
        subject = _subject(v, request.account_id, request.group)
        if len(request.price_list_ids) > 50 or len(set(request.price_list_ids)) < len(request.price_list_ids):
            v.add("price_list_ids", "must be at most 50, all different")
        ids = [
            fields.identifier(v, f"price_list_ids[{n}]", text)
            for n, text in enumerate(request.price_list_ids)
        ]
        v.raise_if_any()
        await self._accounts.check(UUID(request.account_id) if request.account_id else None)

        async def work(session: AsyncSession) -> pb.SetPriceListOrderResponse:
            wanted = [list_id for list_id in ids if list_id is not None]
            await lists.set_order(session, subject, wanted)
            for list_id in wanted:
                events.price_list_changed(session, list_id)
            return pb.SetPriceListOrderResponse(price_list_ids=[str(list_id) for list_id in wanted])

        return await commands.once(
            self._sessions, "SetPriceListOrder", request, pb.SetPriceListOrderResponse, work
        )

    async def GetPriceListOrder(
        self, request: pb.GetPriceListOrderRequest, _context: Any
    ) -> pb.GetPriceListOrderResponse:
        v = Violations()
        subject = _subject(v, request.account_id, request.group)
        v.raise_if_any()
        async with self._sessions() as session:
            found = await lists.get_order(session, subject)
        return pb.GetPriceListOrderResponse(price_list_ids=[str(list_id) for list_id in found])


def _required(text: str, field: str) -> UUID:
    v = Violations()
    parsed = fields.identifier(v, field, text)
    v.raise_if_any()
    assert parsed is not None
    return parsed


def _default_use(v: Violations, sent: pb.PriceList) -> str:
    name = fields.enum(v, "price_list.default_use", sent.default_use, pb.PriceList.DefaultUse, required=False)
    return name.removeprefix("DEFAULT_USE_")


def _publisher_region(v: Violations, sent: pb.PriceList) -> str:
    if not sent.publisher_region_code:
        return ""
    if sent.default_use > pb.PriceList.DEFAULT_USE_NONE:
        v.add("price_list.default_use", lists.PUBLISHERS_ARE_NO_DEFAULT)
    return fields.country(v, "price_list.publisher_region_code", sent.publisher_region_code)


def _subject(v: Violations, account_id: str, group: str) -> Subject:
    if bool(account_id) == bool(group):
        v.add("account_id", "and group: exactly one of them is needed", "REQUIRED")
    fields.identifier(v, "account_id", account_id, required=False)
    name = list_wire.selecting(v, "group", group, max_length=100)
    return Subject("ACCOUNT", account_id) if account_id else Subject("GROUP", name)


def _asked(request: pb.SetPricesRequest, currency: str) -> list[tuple[Any, ...]]:
    v = Violations()
    if not 1 <= len(request.prices) <= 1000:
        v.add("prices", "must be 1 to 1000", "OUT_OF_RANGE")
        v.raise_if_any()
    found = []
    for number, price in enumerate(request.prices):
        path = f"prices[{number}]."
        if bool(price.variant_id) == bool(price.sku):
            v.add(path.rstrip("."), "needs exactly one of variant_id and sku", "REQUIRED")
        fields.identifier(v, f"{path}variant_id", price.variant_id, required=False)
        list_wire.selecting(v, f"{path}sku", price.sku, max_length=100)
        begin = fields.date(v, f"{path}valid_from", price.valid_from)
        end = fields.date(v, f"{path}valid_to", price.valid_to)
        valid = list_wire.validity(v, path, begin, end)
        found.append((*valid, list_wire.ladder(v, f"{path}ladder", price.ladder, currency)))
    v.raise_if_any()
    return found


async def _variants(session: AsyncSession, prices: Sequence[pb.Price]) -> list[tuple[UUID, int]]:
    """(id, number) of each price's variant. Raises VariantNotFound."""
    ids = {UUID(price.variant_id) for price in prices if price.variant_id}
    skus = {price.sku.strip() for price in prices if not price.variant_id}
    views = await find_variants(session, list(ids), list(skus))
    known = {str(view.id): view for view in views} | {f"sku:{view.data.sku}": view for view in views}
    found = []
    for price in prices:
        view = known.get(price.variant_id or f"sku:{price.sku.strip()}")
        if view is None:
            raise VariantNotFound(price.variant_id or price.sku)
        found.append((view.id, view.no))
    return found
