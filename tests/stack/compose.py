"""Reads docker-compose.yml, so that the tests run what users run: its variables, commands, files, limits.

Only what that file uses is understood: ``${NAME}``, ``${NAME-default}``, ``${NAME:-default}``,
``${NAME:?why}`` and ``$$`` in its texts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml
from dotenv import dotenv_values

from tests.stack.engine import ROOT
from tests.stack.interface import StackProblem

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^}]*))?\})")


def local_values() -> dict[str, str]:
    """The local profile: deploy/local.env."""
    read = dotenv_values(ROOT / "deploy/local.env", interpolate=False)
    return {name: value or "" for name, value in read.items()}


def services(values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Every service of the file by name, its variables filled in from ``values``."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    filled: dict[str, dict[str, Any]] = _fill(document["services"], values)
    return filled


def binds(service: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The files of the repository that a service sees, as docker-py wants them."""
    found = {}
    for volume in service.get("volumes", ()):
        source, target, *mode = volume.split(":")
        if source.startswith("."):
            found[str((ROOT / source).resolve())] = {"bind": target, "mode": (mode or ["rw"])[0]}
    return found


def named_volumes(service: Mapping[str, Any]) -> dict[str, str]:
    """Volume name → where it is mounted."""
    pairs = (volume.split(":")[:2] for volume in service.get("volumes", ()))
    return {source: target for source, target in pairs if not source.startswith(".")}


def limits(service: Mapping[str, Any]) -> dict[str, Any]:
    """What hardens a container, as arguments of docker-py."""
    same = ("init", "read_only", "cap_drop", "security_opt", "shm_size")
    chosen = {key: service[key] for key in same if key in service}
    if "entrypoint" in service:
        chosen["entrypoint"] = service["entrypoint"]
    return chosen


def _fill(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    if not isinstance(node, str):
        return node

    def replace(match: re.Match[str]) -> str:
        dollar, name, operator, text = match.groups()
        if dollar:
            return "$"
        value = values.get(name)
        if value is None or (not value and operator and operator.startswith(":")):
            if operator in ("?", ":?", None):
                raise StackProblem(f"docker-compose.yml needs {name}: {text or 'not set'}")
            return str(text)
        return value

    return _VARIABLE.sub(replace, node)
