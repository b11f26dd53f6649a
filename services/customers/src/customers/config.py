"""Settings of customers: CUSTOMERS_* in the environment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.config import ServiceSettings


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError("must have at least 32 characters")
    return value


class ClientSetting(BaseModel):
    """A service client known from the start: its secret is configured as a digest only."""

    secret_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scope: str = Field(max_length=1000)


class Settings(ServiceSettings):
    """`secret` encrypts signing keys and derives links and refresh tokens: changing it ends all of them."""

    model_config = SettingsConfigDict(env_prefix="CUSTOMERS_", extra="ignore")

    grpc_port: int = Field(50051, ge=0, le=65535)
    admin_port: int = Field(51051, ge=0, le=65535)
    secret: Annotated[SecretStr, AfterValidator(_long_enough)]
    public_url: HttpUrl = HttpUrl("http://127.0.0.1:8080")
    # open: visitors and customers may ask for a business profile; closed: only staff give one.
    self_registration: Literal["open", "closed"] = "closed"
    # Where care workers land who were handed over, unless their platform has a storefront of its own.
    storefront_url: HttpUrl | Literal[""] = ""
    service_clients: dict[str, ClientSetting] = Field(default_factory=dict)

    @property
    def storefront(self) -> str:
        """The product overview, without a slash at its end."""
        return str(self.storefront_url).rstrip("/") if self.storefront_url else f"{self.link_base}/storefront"

    @property
    def link_base(self) -> str:
        """The base of links in mails, without a slash at its end."""
        return str(self.public_url).rstrip("/")
