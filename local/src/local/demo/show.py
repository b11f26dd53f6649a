"""How the demonstration speaks: one line per thing that was done, with what came back."""

from __future__ import annotations

import textwrap
from typing import Any

_LABEL = 21


def title(text: str) -> None:
    """Begin a part."""
    print(f"\n{text}", flush=True)


def step(label: str, text: str = "") -> None:
    """One thing done."""
    print(f"  {label:<{_LABEL}} {text}", flush=True)


def more(text: str) -> None:
    """A line that belongs to the step before."""
    print(f"  {'':<{_LABEL}} {text}", flush=True)


def quoted(text: str) -> None:
    """A text as it was received."""
    print(textwrap.indent(text.strip(), "    | "), flush=True)


def amount(money: dict[str, Any] | None) -> str:
    """An amount of money as people read it."""
    return f"{money['amount']} {money['currency']}" if money else "no price"


def count(number: Any) -> str:
    """A count, which the API may give as text because it may be very large."""
    return f"{int(number or 0):,}".replace(",", " ")
