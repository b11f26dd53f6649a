"""Which passwords are good enough: long, and not what an attacker tries first (NIST SP 800-63B-4)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

from chassis.errors import Violations

MIN_LENGTH = 12
MAX_LENGTH = 256
_LEET = str.maketrans("0134578@$!€", "oieastbasie")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789" * 3,
    "qwertyuiopasdfghjklzxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)


def prepare(password: str) -> str:
    """NFKC, so that the same password typed on another keyboard is the same bytes."""
    return unicodedata.normalize("NFKC", password)


def check(found: Violations, field: str, password: str) -> str:
    """The prepared password; adds a violation when it is too short, too long or a common one."""
    prepared = prepare(password)
    if not password:
        found.add(field, "is required", "REQUIRED")
    elif len(prepared) < MIN_LENGTH:
        found.add(field, f"must have at least {MIN_LENGTH} characters", "TOO_SHORT")
    elif len(prepared) > MAX_LENGTH:
        found.add(field, f"must have at most {MAX_LENGTH} characters", "TOO_LONG")
    elif is_common(prepared):
        found.add(field, "is among the first that an attacker would try", "TOO_COMMON")
    return prepared


def is_common(password: str) -> bool:
    """Whether, without case, digit and sign decoration and repetition, a well-known word or a run is left."""
    lowered = password.casefold()
    unit = _repeated_unit(lowered)
    if len(set(lowered)) < 4 or any(_is_run(text) for text in (lowered, unit)):
        return True
    candidates = {lowered, unit}
    for text in (lowered, lowered.translate(_LEET)):
        bare = re.sub(r"[\W\d_]+", "", text)
        trimmed = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
        candidates |= {bare, _repeated_unit(bare), trimmed, trimmed.translate(_LEET)}
    # "Password2024!": decoration goes before the letters are read as leet, else its digits become letters.
    stripped = re.sub(r"[\W\d_]+$", "", lowered).translate(_LEET)
    candidates |= {stripped, re.sub(r"[\W\d_]+", "", stripped)}
    return not candidates.isdisjoint(_common())


def _repeated_unit(text: str) -> str:
    """`abc` for `abcabcabc`; the text itself when it repeats nothing."""
    at = (text + text).find(text, 1)
    return text[:at] if 0 < at < len(text) else text


def _is_run(text: str) -> bool:
    return len(text) > 2 and any(text in row or text in row[::-1] for row in _ROWS)


@cache
def _common() -> frozenset[str]:
    listed = resources.files("customers.people").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line.strip() for line in listed.splitlines() if line and not line.startswith("#"))
