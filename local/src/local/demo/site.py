"""The installation that the demonstration works on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Self

from local.problems import StartProblem


@dataclasses.dataclass(frozen=True)
class Site:
    """Where it is, who may fill it, and the password that the people of the demo data get."""

    gateway_url: str
    mailbox_url: str
    careplatform_url: str
    admin_email: str
    admin_password: str = dataclasses.field(repr=False)
    demo_password: str = dataclasses.field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """From COMMIS_GATEWAY_URL and its like; StartProblem names every one that is missing."""
        variables = {field.name: f"COMMIS_{field.name.upper()}" for field in dataclasses.fields(cls)}
        missing = [variable for variable in variables.values() if not environment.get(variable)]
        if missing:
            raise StartProblem(f"The demonstration needs {', '.join(missing)} in its environment.")
        return cls(**{name: environment[variable] for name, variable in variables.items()})
