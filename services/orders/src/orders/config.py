"""The settings that only orders has."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from chassis import money
from orders.payments.config import PaymentSettings


class Settings(PaymentSettings):
    """`claim_seconds`: how long one placing attempt may take; below the life of the holds of catalog and library.
    `placing_slots`: placing attempts at once in one process. `currency`: of sheets that have no line yet.
    `erasure_settle_seconds`: when after an erasure orders are looked at once more, for what was being written.
    `attachments_directory`: where files of orders lie, the same for every process; must be writable."""

    model_config = SettingsConfigDict(env_prefix="ORDERS_", extra="ignore")

    customers_target: str
    catalog_target: str
    library_target: str
    attachments_directory: Path
    business_zone: str = "Europe/Brussels"
    currency: str = "EUR"
    # Signs canned messages.
    vendor_name: str = ""
    claim_seconds: float = Field(20.0, gt=0, le=25)
    placing_slots: int = Field(16, ge=1, le=200)
    erasure_settle_seconds: float = Field(30.0, ge=0, le=600)

    @field_validator("business_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("must be a time zone such as Europe/Brussels") from None
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        money.exponent(value)
        return value
