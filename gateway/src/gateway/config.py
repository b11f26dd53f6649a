"""Settings of the gateway, from GATEWAY_* variables."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = IPv4Network | IPv6Network


class Settings(BaseSettings):
    """Lists are comma-separated. Targets are `host:port`."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore")

    profile: Literal["local", "production"] = "production"
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    customers_target: str = "127.0.0.1:50051"
    catalog_target: str = "127.0.0.1:50052"
    orders_target: str = "127.0.0.1:50053"
    library_target: str = "127.0.0.1:50054"
    notifications_target: str = "127.0.0.1:50055"
    # Origins of browsers that may call and open feeds; none by default.
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str = ""
    nats_password: SecretStr = SecretStr("")
    # Live feeds of one caller, and of this process.
    feeds_per_caller: int = Field(50, ge=1)
    feeds: int = Field(20_000, ge=1)
    # How often a feed's rights are looked at again although nothing was heard that changed them.
    feed_check_seconds: int = Field(300, ge=5, le=600)
    # Per caller (subject and actor of a valid token, else the client address); 0 = no limit.
    rate_limit_per_minute: int = Field(600, ge=0)
    max_body_bytes: int = Field(1024 * 1024, ge=1024, le=12 * 1024 * 1024)
    max_import_bytes: int = Field(2 * 1024**3, ge=1024)
    max_header_bytes: int = Field(32 * 1024, ge=4096, le=1024 * 1024)
    # Proxies whose X-Forwarded-For is believed.
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    issuer: str = "https://commis.local"
    # For mutual TLS with the services; all three or none.
    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter: Literal["none", "otlp"] = "none"
    otel_endpoint: str = ""
    # Seconds between being unready and no longer listening, and what running requests get after that.
    drain_seconds: float = Field(1.0, ge=0, le=60)
    grace_seconds: int = Field(12, ge=1, le=120)
    service_name: Literal["gateway"] = "gateway"

    @property
    def tls(self) -> bool:
        return bool(self.tls_cert and self.tls_key and self.tls_ca)

    def target(self, service: str) -> str:
        """`host:port` of customers, catalog, orders, library or notifications."""
        return str(getattr(self, f"{service}_target"))

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        return _split(value)

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return tuple(ip_network(item) for item in _split(value))

    @model_validator(mode="after")
    def _fail_closed(self) -> Self:
        if any((self.tls_cert, self.tls_key, self.tls_ca)) and not self.tls:
            raise ValueError("tls_cert, tls_key and tls_ca go together")
        if "*" in self.cors_origins and self.profile == "production":
            raise ValueError("cors_origins must name the origins in profile production")
        return self


def _split(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    return tuple(str(item) for item in value) if isinstance(value, (tuple, list)) else ()
