"""docs/features.md tells the truth: every behaviour is listed once, and what it calls done has a marked test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([A-Z]-\d\d) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
MARK = re.compile(r"pytest\.mark\.spec\(([^)]*)\)")


def features() -> dict[str, tuple[str, str]]:
    """Behaviour id to the columns `where` and `proved by`."""
    rows = ROW.findall((ROOT / "docs/features.md").read_text())
    assert rows, "docs/features.md has no rows"
    assert len({row[0] for row in rows}) == len(rows), "a behaviour is listed twice"
    return {behaviour: (where, proof) for behaviour, _title, where, proof in rows}


def marked_tests() -> dict[str, set[str]]:
    """Behaviour id to the test files that carry its mark."""
    found: dict[str, set[str]] = {}
    for folder in ("chassis", "services", "gateway", "local", "proto", "tests"):
        for path in (ROOT / folder).rglob("test_*.py"):
            for arguments in MARK.findall(path.read_text()):
                for behaviour in re.findall(r"[A-Z]-\d\d", arguments):
                    found.setdefault(behaviour, set()).add(str(path.relative_to(ROOT)))
    return found


def test_what_is_called_done_has_a_marked_test_in_the_file_named() -> None:
    tests = marked_tests()
    wrong = {}
    for behaviour, (_where, proof) in features().items():
        if proof.startswith("not yet"):
            continue
        named = re.findall(r"`([^`]+\.py)`", proof)
        if not named or not set(named) <= tests.get(behaviour, set()):
            wrong[behaviour] = (proof, sorted(tests.get(behaviour, set())))
    assert not wrong


def test_every_marked_behaviour_is_listed_as_done() -> None:
    listed = {
        behaviour for behaviour, (_where, proof) in features().items() if not proof.startswith("not yet")
    }
    assert not set(marked_tests()) - listed


def test_places_named_exist() -> None:
    missing = {
        (behaviour, place)
        for behaviour, (where, _proof) in features().items()
        for place in re.findall(r"`([^`]+)`", where)
        if not (ROOT / place).exists()
    }
    assert not missing
