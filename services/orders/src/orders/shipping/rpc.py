"""ShippingMethodService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2 as pb
from commis.orders.v1 import checkout_pb2_grpc

from chassis import access as rules
from chassis import etag, fields, idempotency, ids, paging
from chassis.access import Rule
from chassis.context import principal
from chassis.errors import Violations
from orders import wire
from orders.infrastructure import Infrastructure
from orders.shipping import parsing, use_cases
from orders.shipping.domain import ShippingMethod, Zone
from orders.shipping.use_cases import ChangeMethod
from orders.terms.rpc import localized

_PLACE = ("pick_up_region_code", "pick_up_postal_code")
_FIELDS = ("code", "name", "currency_code", "pick_up", *_PLACE, "zones", "active", "tax_inclusive")
_F = "shipping_method"


class ShippingMethodServicer(checkout_pb2_grpc.ShippingMethodServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {
        "CreateShippingMethod": rules.staff("ORDER_DESK"),
        "UpdateShippingMethod": rules.staff("ORDER_DESK"),
        "ListShippingMethods": rules.anyone_signed_in(),
    }

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def CreateShippingMethod(
        self, request: pb.CreateShippingMethodRequest, ctx: Any
    ) -> pb.CreateShippingMethodResponse:
        v = Violations()
        values = _values(v, request.shipping_method, _FIELDS)
        v.raise_if_any()
        method = ShippingMethod(id=ids.new_id(), create_time=self._infra.clock(), **values)
        key = {"caller": str(principal().subject), "method": "CreateShippingMethod"}
        async with self._infra.sessions.begin() as session:
            stored = await idempotency.once(
                session,
                **key,
                request_id=request.request_id,
                request=request,
                response_type=pb.CreateShippingMethodResponse,
            )
            if stored is not None:
                return stored
            await use_cases.create_method(self._infra, session, method)
            answer = pb.CreateShippingMethodResponse(shipping_method=_method(method))
            await idempotency.remember(session, **key, request_id=request.request_id, response=answer)
        self._infra.methods.forget()
        return answer

    async def UpdateShippingMethod(
        self, request: pb.UpdateShippingMethodRequest, ctx: Any
    ) -> pb.UpdateShippingMethodResponse:
        v = Violations()
        method_id = fields.identifier(v, f"{_F}.id", request.shipping_method.id)
        named = _masked(v, request)
        values = _values(v, request.shipping_method, named)
        v.raise_if_any()
        assert method_id is not None
        key = {"caller": str(principal().subject), "method": "UpdateShippingMethod"}
        async with self._infra.sessions.begin() as session:
            stored = await idempotency.once(
                session,
                **key,
                request_id=request.request_id,
                request=request,
                response_type=pb.UpdateShippingMethodResponse,
            )
            if stored is not None:
                return stored
            change = ChangeMethod(method_id, values, request.shipping_method.etag)
            method = await use_cases.change_method(self._infra, session, change)
            answer = pb.UpdateShippingMethodResponse(shipping_method=_method(method))
            await idempotency.remember(session, **key, request_id=request.request_id, response=answer)
        self._infra.methods.forget()
        return answer

    async def ListShippingMethods(
        self, request: pb.ListShippingMethodsRequest, ctx: Any
    ) -> pb.ListShippingMethodsResponse:
        page = paging.decode(request.page_size, request.page_token, {})
        found = await use_cases.list_methods(self._infra, page)
        token = ""
        if len(found) > page.size:
            found = found[: page.size]
            token = paging.next_token((found[-1].code,), {})
        return pb.ListShippingMethodsResponse(
            shipping_methods=[_method(each) for each in found], next_page_token=token
        )


def _masked(v: Violations, request: pb.UpdateShippingMethodRequest) -> tuple[str, ...]:
    paths = tuple(request.update_mask.paths)
    if "*" in paths:
        return _FIELDS
    known = pb.ShippingMethod.DESCRIPTOR.fields_by_name
    for path in paths[:100]:
        if path not in known:
            v.add("update_mask", f"{path[:100]!r} is not a field that can be changed", "UNKNOWN_FIELD")
    given = paths or tuple(field.name for field, _ in request.shipping_method.ListFields())
    named = [name for name in _FIELDS if name in given]
    if "zones" in named and "currency_code" not in named:
        named.insert(0, "currency_code")  # amounts are checked against it, so it has to come along
    return tuple(named)


def _values(v: Violations, method: pb.ShippingMethod, named: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "code" in named:
        values["code"] = fields.text(v, f"{_F}.code", method.code, required=True, max_length=50)
    if "name" in named:
        values["name"] = localized(v, f"{_F}.name", method.name, max_length=100)
        if "en" not in values["name"]:
            v.add(f"{_F}.name.texts[en]", "is required: it is shown where a language is missing", "REQUIRED")
    if "currency_code" in named:
        values["currency"] = parsing.currency(v, f"{_F}.currency_code", method.currency_code)
    if "zones" in named:
        values["zones"] = parsing.zones(v, _F, method)
    region, postal = _PLACE
    if region in named:
        code = method.pick_up_region_code
        values[region] = code and fields.country(v, f"{_F}.{region}", code)
    if postal in named:
        values[postal] = fields.text(v, f"{_F}.{postal}", method.pick_up_postal_code, max_length=20)
    for flag in ("pick_up", "active", "tax_inclusive"):
        if flag in named:
            values[flag] = getattr(method, flag)
    return values


def _zone(zone: Zone, currency: str) -> pb.ShippingZone:
    return pb.ShippingZone(
        region_codes=zone.region_codes,
        postal_prefixes=zone.postal_prefixes,
        bands=[
            pb.ShippingBand(
                min_weight_grams=band.min_weight,
                max_weight_grams=band.max_weight,
                min_amount=wire.amount(band.min_amount, currency),
                max_amount=wire.amount(band.max_amount, currency) if band.max_amount else None,
                price=wire.amount(band.price, currency),
            )
            for band in zone.bands
        ],
        free_from=wire.amount(zone.free_from, currency) if zone.free_from is not None else None,
    )


def _method(method: ShippingMethod) -> pb.ShippingMethod:
    return pb.ShippingMethod(
        id=str(method.id),
        code=method.code,
        name=common_pb2.LocalizedText(texts=method.name),
        currency_code=method.currency,
        pick_up=method.pick_up,
        zones=[_zone(zone, method.currency) for zone in method.zones],
        active=method.active,
        tax_inclusive=method.tax_inclusive,
        pick_up_region_code=method.pick_up_region_code,
        pick_up_postal_code=method.pick_up_postal_code,
        create_time=wire.time(method.create_time),
        etag=etag.format(method.version),
    )
