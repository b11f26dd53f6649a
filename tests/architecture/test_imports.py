"""The house keeps its rooms apart: who may import whom, and how large a room may grow."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("customers", "catalog", "orders", "library", "notifications")
MEMBERS = {
    "chassis": ROOT / "chassis/src/chassis",
    "gateway": ROOT / "gateway/src/gateway",
    "local": ROOT / "local/src/local",
    **{name: ROOT / "services" / name / "src" / name for name in SERVICES},
}
MAY_IMPORT = {
    "chassis": {"chassis"},
    "gateway": {"gateway", "chassis", "commis"},
    "local": {"local"},
    **{name: {name, "chassis", "commis"} for name in SERVICES},
}
OURS = {*MEMBERS, "commis"}
IO_PACKAGES = {"sqlalchemy", "grpc", "nats", "asyncpg", "aiosmtplib", "fastapi", "commis"}
# Business words that the chassis, which every service shares, must not know.
BUSINESS_WORDS = ("order_", "variant", "budget", "price_list", "representative", "residence", "invoice")


def sources(member: str) -> list[Path]:
    return sorted(MEMBERS[member].rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


@pytest.mark.parametrize("member", sorted(MEMBERS))
def test_members_import_only_what_they_may(member: str) -> None:
    assert sources(member), f"{member} has no source"
    foreign = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(member)
        for name in imported(path)
        if (top := name.split(".")[0]) in OURS and top not in MAY_IMPORT[member]
    }
    assert not foreign


@pytest.mark.parametrize("service", SERVICES)
def test_domain_modules_do_no_io(service: str) -> None:
    domains = [path for path in sources(service) if path.name == "domain.py" or path.parent.name == "domain"]
    impure = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in domains
        for name in imported(path)
        if name.split(".")[0] in IO_PACKAGES
    }
    assert not impure


def test_no_file_grows_past_its_budget() -> None:
    budget = 250
    large = {
        f"{path.relative_to(ROOT)}: {count} lines"
        for member in MEMBERS
        for path in sources(member)
        if (count := len(path.read_text().splitlines())) > budget
    }
    assert not large


def test_no_function_grows_past_its_budget() -> None:
    budget = 40
    large = {
        f"{path.relative_to(ROOT)}:{node.name}: {length} lines"
        for member in MEMBERS
        for path in sources(member)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > budget
    }
    assert not large


def test_the_chassis_grows_no_further_and_knows_no_business() -> None:
    texts = {
        path: path.read_text() for path in sources("chassis") if "test" not in str(path.relative_to(ROOT))
    }
    assert len(texts) > 20
    assert sum(len(text.splitlines()) for text in texts.values()) <= 3750  # docs/decisions/0005
    spoken = {
        f"{path.name}: {word}"
        for path, text in texts.items()
        for word in BUSINESS_WORDS
        if word in text.lower()
    }
    assert not spoken


@pytest.mark.parametrize("member", sorted(set(MEMBERS) - {"local"}))
def test_only_the_composition_root_reads_the_environment(member: str) -> None:
    allowed = {"config.py", "crash.py", "testing.py", "__main__.py"}
    readers = {
        str(path.relative_to(ROOT))
        for path in sources(member)
        if path.name not in allowed and ("os.environ" in path.read_text() or "os.getenv" in path.read_text())
    }
    assert not readers
