"""What holds for the whole service: unique reasons, settings that fail closed."""

import importlib
import pkgutil
import re
from collections import Counter

import pytest

import customers
from chassis.config import EX_CONFIG, load
from chassis.errors import ServiceError
from customers.config import Settings


def test_every_error_has_its_own_reason() -> None:
    for module in pkgutil.walk_packages(customers.__path__, "customers."):
        importlib.import_module(module.name)
    ours = [cls for cls in _below(ServiceError) if cls.__module__.startswith("customers.")]
    reasons = Counter(cls.reason for cls in ours)
    assert len(ours) >= 20
    assert {reason for reason, count in reasons.items() if count > 1} == set()
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]{1,61}[A-Z0-9]", reason) for reason in reasons)


def _below(cls: type) -> set[type[ServiceError]]:
    return {sub for one in cls.__subclasses__() for sub in {one} | _below(one)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CUSTOMERS_SECRET", None),
        ("CUSTOMERS_SECRET", "too short"),
        ("CUSTOMERS_SERVICE_CLIENTS", '{"orders": {"secret_sha256": "plain", "scope": "x"}}'),
        ("CUSTOMERS_PUBLIC_URL", "nowhere"),
        ("CUSTOMERS_STOREFRONT_URL", "nowhere"),
    ],
)
def test_wrong_settings_stop_the_start_and_show_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None
) -> None:
    monkeypatch.setenv("CUSTOMERS_DATABASE_URL", "postgresql+asyncpg://u:hidden-word@h/d")
    monkeypatch.setenv("CUSTOMERS_SECRET", "s" * 40)
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_:
        load(Settings)
    assert exit_.value.code == EX_CONFIG
    said = capsys.readouterr().err
    assert name in said
    assert "hidden-word" not in said
    assert "too short" not in said.replace("string_too_short", "")


@pytest.mark.parametrize(
    ("given", "storefront"),
    [
        (None, "https://shop.example/storefront"),
        ("", "https://shop.example/storefront"),
        ("https://care.shop.example/", "https://care.shop.example"),
    ],
)
def test_where_care_workers_land(monkeypatch: pytest.MonkeyPatch, given: str | None, storefront: str) -> None:
    monkeypatch.setenv("CUSTOMERS_DATABASE_URL", "postgresql+asyncpg://u:p@h/d")
    monkeypatch.setenv("CUSTOMERS_SECRET", "s" * 40)
    monkeypatch.setenv("CUSTOMERS_PUBLIC_URL", "https://shop.example/")
    if given is not None:
        monkeypatch.setenv("CUSTOMERS_STOREFRONT_URL", given)
    assert load(Settings).storefront == storefront
