"""Cells that hold several values, and cells that a spreadsheet would take for a formula.

Values of one cell are separated by bars, a name and its value by an equals sign; a backslash before one of these,
or before another backslash, makes it an ordinary character. A cell that begins with = + - @, a tab or a return
gets an apostrophe before it when it is exported, so that no spreadsheet runs it (OWASP, "CSV Injection"), and
loses one when it is imported; apostrophes that were there before such a character count along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

SEPARATOR = "|"
_NEEDS = re.compile(r"'*[=+\-@\t\r]")
_NEEDED = re.compile(r"'+[=+\-@\t\r]")
_SPECIAL = re.compile(r"[\\|=]")
_PARTS = re.compile(r"\\(.)|([|=])|([^\\|=]+)|\\", re.DOTALL)


def neutral(value: str) -> str:
    return f"'{value}" if value and _NEEDS.match(value) else value


def restored(value: str) -> str:
    """The reverse of `neutral`."""
    return value[1:] if value[:1] == "'" and _NEEDED.match(value) else value


def split(cell: str) -> list[str]:
    """Its values, without those that are empty."""
    if "\\" not in cell:
        return [part for piece in cell.split(SEPARATOR) if (part := piece.strip())]
    found = ["".join(text for text, _ in tokens).strip() for tokens in _values(cell)]
    return [value for value in found if value]


def pairs(cell: str) -> list[list[str]] | None:
    """Names with their values; None when one of them lacks its name or its value."""
    found: list[list[str]] = []
    for tokens in _values(cell):
        if not "".join(text for text, _ in tokens).strip():
            continue
        middle = next((place for place, token in enumerate(tokens) if token == ("=", True)), len(tokens))
        name, value = (
            "".join(text for text, _ in part).strip() for part in (tokens[:middle], tokens[middle + 1 :])
        )
        if not name or not value:
            return None
        found.append([name, value])
    return found


def _values(cell: str) -> list[list[tuple[str, bool]]]:
    """The pieces of each value: (text, whether it is a bare equals sign)."""
    found: list[list[tuple[str, bool]]] = [[]]
    for match in _PARTS.finditer(cell):
        escaped, mark, plain = match.groups()
        if mark == SEPARATOR:
            found.append([])
        else:
            found[-1].append((escaped or mark or plain or "\\", mark is not None))
    return found


def escaped(value: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", value)


def joined(values: Iterable[str]) -> str:
    return SEPARATOR.join(value.replace("\\", "\\\\").replace("|", "\\|") for value in values)


def joined_pairs(values: Iterable[Sequence[str]]) -> str:
    return SEPARATOR.join(f"{escaped(name)}={escaped(value)}" for name, value in values)
