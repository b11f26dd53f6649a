"""Whatever a service may write into a receipt, notifications has words for in every language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifications.wording.receipts import translations

SERVICES = Path(__file__).parents[2] / "services"


def constants(tree: ast.Module) -> dict[str, str]:
    """Module level names of texts."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(value, str):
                found[node.targets[0].id] = value
    return found


def said(node: ast.expr, known: dict[str, str]) -> str | None:
    """A text, the name of one, or one that is filled in."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        node = node.func.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def items() -> Iterator[tuple[str, str, str]]:
    """(table, English, where) of every Item(...) that is written down in a service."""
    for path in sorted(SERVICES.glob("*/src/**/*.py")):
        source = path.read_text()
        if "Item(" not in source or not {"privacy", "business"} & set(path.parts):
            continue
        tree = ast.parse(source)
        known = constants(tree)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Item"):
                continue
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            given = {"subject": named.get("subject"), "kept_because": named.get("kept_because")}
            for name, argument in zip(("subject", "count", "kept_because"), node.args, strict=False):
                given[name] = argument
            for table, name in (("subjects", "subject"), ("reasons", "kept_because")):
                argument = given[name]
                text = said(argument, known) if argument is not None else None
                if text:
                    yield table, text, str(path.relative_to(SERVICES))


FOUND = sorted(set(items()))


def test_the_items_of_several_services_are_found() -> None:
    assert len({where.split("/")[0] for _table, _text, where in FOUND}) >= 4
    assert len([text for table, text, _ in FOUND if table == "subjects"]) >= 15
    assert len([text for table, text, _ in FOUND if table == "reasons"]) >= 6


@pytest.mark.spec("A-07", "A-24", "M-01")
@pytest.mark.parametrize(("table", "text", "where"), FOUND)
def test_each_has_its_words(table: str, text: str, where: str) -> None:
    assert text in translations()[table], where


@pytest.mark.spec("A-24", "M-01")
def test_so_have_the_tables_that_customers_erases() -> None:
    """They are named in tuples of (subject, statement) and (subject, count, reason)."""
    path = SERVICES / "customers/src/customers/privacy/erasing.py"
    tree = ast.parse(path.read_text())
    known = constants(tree)
    subjects, reasons = set(), set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Tuple) or len(node.elts) not in (2, 3):
            continue
        first, last = node.elts[0], node.elts[-1]
        name = said(first, {})
        if name is None or not name.islower() or "." in name:
            continue
        subjects.add(name)
        why = said(last, known)
        if len(node.elts) == 3 and why is not None:
            reasons.add(why)
    assert len(subjects) >= 10
    assert len(reasons) >= 5
    assert subjects <= translations()["subjects"].keys()
    assert reasons <= translations()["reasons"].keys()
