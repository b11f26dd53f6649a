"""Contents of mails: subject, text and HTML from a template and what is put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notifications.wording.catalogue import wording

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Content:
    subject: str
    text: str
    html: str


def render(template: str, language: str, values: Mapping[str, Any]) -> Content:
    """Subjects are one line whatever the names in them contain."""
    found = wording(template, language)
    given = {"language": language, **values}
    return Content(
        subject=_BREAKS.sub(" ", found.subject.render(given)).strip()[:200],
        text=found.text.render(given),
        html=found.html.render(given),
    )
