"""TermsService."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from commis.common.v1 import common_pb2
from commis.orders.v1 import checkout_pb2 as pb
from commis.orders.v1 import checkout_pb2_grpc

from chassis import access as rules
from chassis import fields
from chassis.access import Rule
from chassis.errors import Violations
from orders import wire
from orders.infrastructure import Infrastructure
from orders.terms import use_cases
from orders.terms.store import Terms

_MAX_TEXT = 200_000


class TermsServicer(checkout_pb2_grpc.TermsServiceServicer):
    RULES: ClassVar[Mapping[str, Rule]] = {"PublishTerms": rules.staff("ADMIN"), "GetTerms": rules.PUBLIC}

    def __init__(self, infra: Infrastructure) -> None:
        self._infra = infra

    async def PublishTerms(self, request: pb.PublishTermsRequest, ctx: Any) -> pb.PublishTermsResponse:
        v = Violations()
        fields.identifier(v, "request_id", request.request_id, required=False)
        version = fields.text(v, "version", request.version, required=True, max_length=50)
        texts = localized(v, "text", request.text, max_length=_MAX_TEXT, strip=False)
        if "en" not in texts:
            v.add("text.texts[en]", "is required: it is shown where a language is missing", "REQUIRED")
        v.raise_if_any()
        return pb.PublishTermsResponse(
            terms=_terms(await use_cases.publish_terms(self._infra, version, texts))
        )

    async def GetTerms(self, request: pb.GetTermsRequest, ctx: Any) -> pb.GetTermsResponse:
        v = Violations()
        version = fields.text(v, "version", request.version, max_length=50)
        v.raise_if_any()
        return pb.GetTermsResponse(terms=_terms(await use_cases.get_terms(self._infra.sessions, version)))


def localized(
    v: Violations, field: str, pb_text: common_pb2.LocalizedText, *, max_length: int, strip: bool = True
) -> dict[str, str]:
    """Texts by language. Unstripped where the exact text matters (its hash is shown and accepted)."""
    found = {}
    for language, text in sorted(pb_text.texts.items()):
        if language not in fields.LANGUAGES:
            v.add(f"{field}.texts", f"{language[:20]!r} is not one of en, fr, it, nl", "UNKNOWN_LANGUAGE")
            continue
        clean = fields.text(v, f"{field}.texts[{language}]", text, required=True, max_length=max_length)
        found[language] = clean if strip else text
    return found


def _terms(terms: Terms) -> pb.Terms:
    return pb.Terms(
        version=terms.version,
        text=common_pb2.LocalizedText(texts=terms.texts),
        hashes=terms.hashes,
        publish_time=wire.time(terms.publish_time),
    )
