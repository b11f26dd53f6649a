"""The texts of each language and the templates with the texts put in, read and compiled once at start.

A template names a text as [[key]]; [[body]] of the kind `reset` is the text `reset_body` when there is one.
Texts name what is put in as {name}: a variable of the template, escaped where the template is HTML.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from notifications.wording.languages import LANGUAGES

# Kind of mail -> the template of its content. Keys are what mails call their template.
KINDS = {
    "activation": ("activation", "credential"),
    "password_reset": ("reset", "credential"),
    "order_confirmation": ("confirmation", "order"),
    "new_order": ("new_order", "order"),
    "order_changed": ("order_changed", "order"),
    "changed_order": ("changed_order", "order"),
    "payment_link": ("payment_link", "payment_link"),
    "shipment": ("shipment", "shipment"),
    **{
        kind: (kind, "notice")
        for kind in (
            "business_requested",
            "business_answer",
            "business_question",
            "business_approved",
            "business_refused",
            "known_registration",
            "invitation",
            "order_message",
            "order_answer",
            "approval_requested",
            "approval_refused",
            "approval_ended",
            "approval_placed",
        )
    },
    **{
        f"{to}{kind}": (kind, "sheet")
        for kind in (
            *("sheet_sent", "sheet_changed", "sheet_waiting", "sheet_expiring", "sheet_expired"),
            *("sheet_withdrawn", "sheet_declined", "sheet_dropped", "sheet_cancelled"),
        )
        for to in ("", "vendor_")
    },
    "profile_receipt": ("profile_receipt", "receipt"),
    "erasure_receipt": ("erasure_receipt", "receipt"),
}
_KEY = re.compile(r"\[\[(\w+)\]\]")
_NAME = re.compile(r"\{(\w+)\}")
_OPTIONS: Mapping[str, Any] = {
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
    "undefined": StrictUndefined,
}
_PLAIN = Environment(autoescape=False, **_OPTIONS)  # noqa: S701  # plain text parts
_HTML = Environment(autoescape=True, **_OPTIONS)
_FOLDER = resources.files("notifications.wording")


@dataclass(frozen=True, slots=True)
class Wording:
    """One kind of mail in one language."""

    language: str
    subject: Template
    text: Template
    html: Template


@cache
def texts(language: str) -> Mapping[str, Any]:
    return tomllib.loads((_FOLDER / "texts" / f"{language}.toml").read_text("utf-8"))


@cache
def wording(template: str, language: str) -> Wording:
    """`template` as in KINDS. Raises KeyError for a text that is missing."""
    kind, content = KINDS[template]
    return Wording(
        language,
        _PLAIN.from_string(_expression(texts(language)[f"{kind}_subject"])),
        _PLAIN.from_string(_source(content, "txt", kind, language)),
        _HTML.from_string(_source(content, "html", kind, language)),
    )


def load_all() -> None:
    """At start, so that a mistake in a text or template shows then and not with the first mail."""
    for template in KINDS:
        for language in LANGUAGES:
            wording(template, language)


def _source(content: str, suffix: str, kind: str, language: str) -> str:
    own = texts(language)

    def text_of(match: re.Match[str]) -> str:
        key = match[1]
        found = own.get(f"{kind}_{key}") or own[key]
        return _expression(html.escape(found, quote=False) if suffix == "html" else found)

    letter = (_FOLDER / "templates" / f"letter.{suffix}.j2").read_text("utf-8")
    inner = (_FOLDER / "templates" / f"{content}.{suffix}.j2").read_text("utf-8").rstrip("\n")
    return _KEY.sub(text_of, letter.replace("[[content]]", inner))


def _expression(text: str) -> str:
    return _NAME.sub(r"{{ \1 }}", text)
