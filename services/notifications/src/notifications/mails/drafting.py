"""A draft of any kind of mail from what is put into its template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from notifications.mails.store import Draft
from notifications.wording.rendering import render


@dataclass(frozen=True, slots=True)
class Vendor:
    """Who signs the mails, and where news for the vendor goes, in which language."""

    name: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class About:
    """By what data protection and staff find a mail again."""

    cause_id: UUID
    account_id: UUID | None = None
    person_id: UUID | None = None
    order_id: UUID | None = None
    named: tuple[UUID, ...] = ()


def draft(
    kind: str,
    about: About,
    email: str,
    language: str,
    values: Mapping[str, Any],
    vendor: Vendor,
    *,
    forget: bool = False,
) -> Draft:
    content = render(kind, language, {"vendor": vendor.name, **values})
    return Draft(
        cause_id=about.cause_id,
        template=kind,
        recipient=email,
        language=language,
        subject=content.subject,
        text=content.text,
        html=content.html,
        order_id=about.order_id,
        account_id=about.account_id,
        person_id=about.person_id,
        named=about.named,
        forget_when_sent=forget,
    )
