"""deploy/check-env.sh, which docker-compose.yml runs first, refuses settings that must not be used."""

import subprocess
import sys

import pytest

from tests.stack import compose
from tests.stack.engine import IMAGES, ROOT


def check(values: dict[str, str]) -> tuple[int, str]:
    """Status and complaints of the check with the environment that docker-compose.yml gives it."""
    environment = compose.services(values | IMAGES)["settings"]["environment"]
    done = subprocess.run(
        ["bash", ROOT / "deploy/check-env.sh"], env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.fixture
def production() -> dict[str, str]:
    """What tools/new-env prints, with the places filled in that it leaves open."""
    text = subprocess.run(
        [sys.executable, ROOT / "tools/new-env"], capture_output=True, text=True, check=True
    ).stdout
    pairs = (line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    values = {name: value.strip("'") for name, value in pairs}
    values |= {name: "desk@shop.example" for name, value in values.items() if value == "CHANGE"}
    return values | {"PUBLIC_URL": "https://shop.example"}


def test_local_settings_are_accepted_locally() -> None:
    assert check(compose.local_values()) == (0, "")


def test_local_settings_are_refused_in_production() -> None:
    status, complaints = check(compose.local_values() | {"PROFILE": "production"})
    assert status == 78
    secrets = compose.services(compose.local_values() | IMAGES)["settings"]["environment"]["SECRETS"].split()
    assert [name for name in secrets if f"{name} still has its local value" not in complaints] == []
    assert "local-only" not in complaints


def test_new_settings_are_accepted_in_production(production: dict[str, str]) -> None:
    assert check(production) == (0, "")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"ORDERS_CLIENT_SECRET": "short"}, "ORDERS_CLIENT_SECRET has fewer than 32 characters"),
        ({"NATS_ORDERS_PASSWORD": "1e5" * 20}, "NATS_ORDERS_PASSWORD must begin with a letter"),
        ({"CATALOG_CLIENT_SECRET": "s" * 40}, "SERVICE_CLIENTS lacks the SHA-256 of CATALOG_CLIENT_SECRET"),
        ({"PUBLIC_URL": "http://shop.example"}, "PUBLIC_URL must begin with https://"),
        ({"SMTP_HOST": "CHANGE"}, "SMTP_HOST still says CHANGE"),
        ({"PAYMENT_PROVIDER": "mollie"}, "MOLLIE_API_KEY is not set"),
        (
            {"PAYMENT_PROVIDER": "mollie", "MOLLIE_API_KEY": "test_local_only_moves_no_money_000"},
            "MOLLIE_API_KEY still has its local value",
        ),
        ({"PAYMENT_PROVIDER": "stripe"}, "PAYMENT_PROVIDER must be mollie or empty"),
        ({"PROFILE": "staging"}, "PROFILE must be local or production"),
    ],
)
def test_what_is_refused_in_production(
    production: dict[str, str], change: dict[str, str], complaint: str
) -> None:
    status, complaints = check(production | change)
    assert status == 78
    assert complaint in complaints


def test_no_secret_serves_twice(production: dict[str, str]) -> None:
    production["ORDERS_DATABASE_PASSWORD"] = production["POSTGRES_PASSWORD"]
    status, complaints = check(production)
    assert status == 78
    assert "ORDERS_DATABASE_PASSWORD has the value of POSTGRES_PASSWORD" in complaints
