"""Settings of a service from its environment, checked at start; wrong ones end the process with a list."""

from __future__ import annotations

import sys
from typing import Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EX_CONFIG = 78  # sysexits.h


class ServiceSettings(BaseSettings):
    """Common to all services. A subclass sets `model_config = SettingsConfigDict(env_prefix="ORDERS_")`."""

    model_config = SettingsConfigDict(env_prefix="COMMIS_", extra="ignore")

    profile: Literal["local", "production"] = "production"
    database_url: SecretStr
    pool_size: int = Field(10, ge=1, le=100)
    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str = ""
    nats_password: SecretStr = SecretStr("")
    nats_replicas: int = Field(1, ge=1, le=5)
    grpc_host: str = "127.0.0.1"
    grpc_port: int = Field(0, ge=0, le=65535)
    admin_port: int = Field(0, ge=0, le=65535)
    issuer: str = "https://commis.local"
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter: Literal["none", "otlp"] = "none"
    otel_endpoint: str = ""
    drain_seconds: float = Field(1.0, ge=0, le=60)
    grace_seconds: float = Field(10.0, ge=0, le=120)

    @property
    def service_name(self) -> str:
        """`orders` for the prefix ORDERS_."""
        return str(self.model_config.get("env_prefix", "")).rstrip("_").lower() or "commis"

    @property
    def domain(self) -> str:
        """The domain of this service's error reasons."""
        return f"{self.service_name}.commis"

    @property
    def tls(self) -> bool:
        return bool(self.tls_cert and self.tls_key and self.tls_ca)

    @field_validator("database_url")
    @classmethod
    def _asyncpg(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("postgresql+asyncpg://"):
            raise ValueError("must start with postgresql+asyncpg://")
        return value

    @model_validator(mode="after")
    def _fail_closed(self) -> Self:
        if any((self.tls_cert, self.tls_key, self.tls_ca)) and not self.tls:
            raise ValueError("tls_cert, tls_key and tls_ca go together")
        secret = self.client_secret.get_secret_value()
        if self.profile == "production" and secret and len(secret) < 32:
            raise ValueError("client_secret must have at least 32 characters in profile production")
        if self.client_id and not secret:
            raise ValueError("client_secret is required with client_id")
        return self


S = TypeVar("S", bound=ServiceSettings)


def load(cls: type[S]) -> S:
    """Settings from the environment. Prints one line per problem, never a value, and exits with 78."""
    try:
        return cls()
    except ValidationError as error:
        prefix = str(cls.model_config.get("env_prefix", ""))
        for problem in error.errors(include_input=False, include_url=False, include_context=False):
            name = prefix + "_".join(str(part) for part in problem["loc"]).upper()
            print(f"{name.rstrip('_')}: {problem['msg']}", file=sys.stderr)  # noqa: T201  # before logs exist
        raise SystemExit(EX_CONFIG) from None
