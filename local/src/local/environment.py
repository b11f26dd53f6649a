"""The settings of every service of the local suite, as environment variables."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from local.broker import Nats
from local.database import Postgres
from local.payprovider import LOCAL_KEY
from local.ports import HOST, SERVICES, Ports
from local.secrets_file import Secrets

VENDOR_MAIL = "orders@commis.example"

# What each service may ask of the others with its own credentials.
_SCOPES = {
    "customers": "",
    "catalog": "customers.access customers.data-protection orders.placement",
    "orders": "customers.access customers.data-protection catalog.reserve library.hold",
    "library": "customers.access customers.data-protection orders.placement",
    "notifications": "customers.access customers.data-protection customers.recipients orders.read mail.links",
}
# Which other services each one calls, beside customers, which all of them ask for keys and access.
_TARGETS = {
    "customers": (),
    "catalog": ("orders",),
    "orders": ("catalog", "library"),
    "library": ("orders",),
    "notifications": ("orders",),
}


def of_service(
    name: str, ports: Ports, secrets: Secrets, postgres: Postgres, nats: Nats, data_dir: Path
) -> dict[str, str]:
    """The whole environment of one service; what the caller's own environment says about logs is kept."""
    prefix = name.upper()
    values = {
        "DATABASE_URL": postgres.service_url(name),
        "NATS_URL": nats.url,
        "NATS_USER": name,
        "NATS_PASSWORD": secrets.nats[name],
        "GRPC_HOST": HOST,
        "GRPC_PORT": str(ports.of(name)),
        "ADMIN_PORT": str(ports.of(f"{name}_admin")),
        "CLIENT_ID": name,
        "CLIENT_SECRET": secrets.clients[name],
        "CUSTOMERS_TARGET": f"{HOST}:{ports.customers}",
        "PROFILE": "local",
        "DRAIN_SECONDS": "0",  # nothing here balances load that would have to notice first
    }
    values |= {f"{other.upper()}_TARGET": f"{HOST}:{ports.of(other)}" for other in _TARGETS[name]}
    values |= _own(name, ports, secrets, data_dir)
    return _inherited() | {f"{prefix}_{key}": value for key, value in values.items()}


def of_gateway(name: str, ports: Ports, secrets: Secrets, nats: Nats) -> dict[str, str]:
    """The whole environment of a gateway; all of them are alike but for their port."""
    values = {
        "HOST": HOST,
        "PORT": str(ports.of(name)),
        "NATS_URL": nats.url,
        "NATS_USER": "gateway",
        "NATS_PASSWORD": secrets.nats["gateway"],
        "PROFILE": "local",
        "DRAIN_SECONDS": "0",
        "RATE_LIMIT_PER_MINUTE": "60000",
    }
    values |= {f"{name.upper()}_TARGET": f"{HOST}:{ports.of(name)}" for name in SERVICES}
    own = {f"GATEWAY_{key}": value for key, value in values.items()}
    return _inherited() | own


def _own(name: str, ports: Ports, secrets: Secrets, data_dir: Path) -> dict[str, str]:
    """The settings that only this service has."""
    match name:
        case "customers":
            clients = {
                client: {
                    "secret_sha256": hashlib.sha256(secret.encode()).hexdigest(),
                    "scope": _SCOPES[client],
                }
                for client, secret in secrets.clients.items()
            }
            return {
                "SECRET": secrets.customers_secret,
                "PUBLIC_URL": f"http://{HOST}:{ports.gateway}",
                "SELF_REGISTRATION": "open",
                "SERVICE_CLIENTS": json.dumps(clients),
            }
        case "orders":
            return {
                "ATTACHMENTS_DIRECTORY": str(data_dir / "attachments"),
                "PUBLIC_URL": f"http://{HOST}:{ports.gateway}",
                "VENDOR_NAME": "Commis",
                "PAYMENT_PROVIDER": "mollie",
                "MOLLIE_URL": f"http://{HOST}:{ports.payprovider}",
                "MOLLIE_API_KEY": LOCAL_KEY,
            }
        case "notifications":
            return {
                "SECRET": secrets.notifications_secret,
                "SMTP_HOST": HOST,
                "SMTP_PORT": str(ports.smtp),
                "SMTP_TLS": "none",
                "MAIL_FROM": "Commis <no-reply@commis.example>",
                "VENDOR_MAIL": VENDOR_MAIL,
                "VENDOR_LANGUAGE": "fr",
            }
    return {}


def _inherited() -> dict[str, str]:
    """The caller's environment; unbuffered, so that the logs are complete after a crash."""
    return os.environ | {"PYTHONUNBUFFERED": "1"}
