"""Etags of resources: the quoted version number (AIP-154)."""

import re

from chassis.errors import EtagMismatch, FieldViolation, InvalidFields

_ETAG = re.compile(r'(?:W/)?"[0-9]{1,18}"', re.ASCII)


def format(version: int) -> str:
    return f'"{version}"'


def check(resource: str, sent: str, version: int) -> None:
    """An absent etag (or `*`) passes. Raises EtagMismatch, or InvalidFields when `sent` is no etag."""
    if sent in ("", "*"):
        return
    if not _ETAG.fullmatch(sent):
        raise InvalidFields([FieldViolation("etag", 'must be a quoted number such as "3"')])
    if sent.removeprefix("W/") != format(version):
        raise EtagMismatch(resource, format(version))
