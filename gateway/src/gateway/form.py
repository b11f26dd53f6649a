"""Bodies of HTML forms and of OAuth: application/x-www-form-urlencoded."""

from __future__ import annotations

from urllib.parse import parse_qsl

FORM = "application/x-www-form-urlencoded"


class FormRefused(Exception):
    """The message says what is wrong with the form."""


def read_form(raw: bytes) -> dict[str, str]:
    """Field -> value. Raises FormRefused: not UTF-8, more than 20 fields, one given twice, or U+0000."""
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise FormRefused("The form is not valid UTF-8.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise FormRefused("A parameter was given more than once.")
    if any("\x00" in value for value in form.values()):
        raise FormRefused("A parameter contains the character U+0000.")
    return form
