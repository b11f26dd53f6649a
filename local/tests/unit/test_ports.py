"""Ports come from the environment, and free ones are all different."""

import dataclasses

import pytest

from local.ports import Ports
from local.problems import StartProblem


def test_a_port_is_overridden_by_its_variable() -> None:
    assert Ports.from_environment({"COMMIS_PORT_GATEWAY": "9999"}) == dataclasses.replace(
        Ports(), gateway=9999
    )


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80 80", "８０８０x"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(StartProblem, match="COMMIS_PORT_SMTP"):
        Ports.from_environment({"COMMIS_PORT_SMTP": text})


def test_free_ports_are_all_different() -> None:
    numbers = dataclasses.astuple(Ports.free())

    assert len(set(numbers)) == len(numbers)
