"""The settings of online payments, a part of those of orders."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from chassis.config import ServiceSettings

NOTIFICATIONS_PATH = "/v1/payment-notifications/mollie"


class PaymentSettings(ServiceSettings):
    """Without `payment_provider` nothing is paid online, and it is not offered.

    `public_url`: the shop as browsers and the provider find it; payment links lead to /pay there.
    `payment_return_urls`: comma-separated, where customers may be sent back to; the shop itself when empty.
    `payment_webhook_url`: where the provider calls; the gateway below `public_url` when empty.
    `payment_link_days`: how long a mailed link can be used.
    `payment_unpaid_hours`: after which an order that was to be paid online is cancelled."""

    payment_provider: Literal["", "mollie"] = ""
    public_url: str = ""
    mollie_api_key: SecretStr = SecretStr("")
    mollie_url: str = "https://api.mollie.com"
    payment_return_urls: Annotated[tuple[str, ...], NoDecode] = ()
    payment_webhook_url: str = ""
    payment_link_days: int = Field(14, ge=1, le=365)
    payment_unpaid_hours: float = Field(24.0, gt=0, le=24 * 90)

    @field_validator("payment_return_urls", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @property
    def return_urls(self) -> tuple[str, ...]:
        return self.payment_return_urls or (self.public_url,)

    @property
    def webhook_url(self) -> str:
        return self.payment_webhook_url or self.public_url.rstrip("/") + NOTIFICATIONS_PATH

    @property
    def link_url(self) -> str:
        return self.public_url.rstrip("/") + "/pay"

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.payment_provider:
            return self
        if not self.mollie_api_key.get_secret_value():
            raise ValueError("mollie_api_key is required with payment_provider=mollie")
        addresses = [self.public_url, self.mollie_url, self.webhook_url, *self.return_urls]
        for address in addresses:
            scheme = urlsplit(address).scheme
            if scheme != "https" and not (scheme == "http" and self.profile == "local"):
                raise ValueError("public_url and the addresses of payments must be https addresses")
        return self
