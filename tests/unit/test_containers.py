"""Docker is asked where containers find this machine; what it does not say is not made up."""

import json
import os
from pathlib import Path

import pytest

from codefree import containers
from codefree.containers import NoDockerError, gateway_address, gateway_of


def answer(**network: str) -> str:
    return json.dumps([network])


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (answer(Subnet="172.17.0.0/16", Gateway="172.17.0.1"), "172.17.0.1"),
        (answer(Subnet="10.1.0.0/24", Gateway="10.1.0.254"), "10.1.0.254"),
        (answer(Subnet="172.17.0.0/16"), "172.17.0.1"),
        (answer(Subnet="172.17.0.0/16", Gateway=""), "172.17.0.1"),
        (answer(Subnet="192.168.5.7/24"), "192.168.5.1"),
        ('[{"Subnet": "fd00::/64"}, {"Subnet": "172.18.0.0/16"}]', "172.18.0.1"),
    ],
)
def test_the_gateway_is_the_one_named_or_the_first_address_of_the_subnet(
    said: str, address: str
) -> None:
    assert gateway_of(said) == address


@pytest.mark.parametrize(
    "said",
    [
        *("", "\n", "null", "[]", "{}", "no json", "7", '["172.17.0.1"]'),
        *("[{}]", '[{"Subnet": ""}]', '[{"Subnet": "fd00::/64", "Gateway": "fd00::1"}]'),
        '[{"Subnet": "172.17.0.0/16", "Gateway": "<no value>"}]',
    ],
)
def test_an_answer_without_an_address_is_refused_in_words(said: str) -> None:
    with pytest.raises(NoDockerError, match="no address at which containers reach"):
        gateway_of(said)


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` command that prints the content of the file `said` beside it."""
    command = tmp_path / "docker"
    command.write_text(f"#!/bin/sh\nexec cat '{tmp_path}/said'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "said"


def test_a_docker_that_prints_nothing_is_not_taken_at_its_word(docker: Path) -> None:
    docker.write_text("\n")
    with pytest.raises(NoDockerError):
        gateway_address()


@pytest.mark.parametrize(
    ("subnet", "found"), [("127.0.0.0/8", "127.0.0.1"), ("192.0.2.0/24", None)]
)
def test_only_an_address_of_this_machine_is_listened_at(
    docker: Path, subnet: str, found: str | None
) -> None:
    docker.write_text(answer(Subnet=subnet))
    assert gateway_address() == found


def test_a_machine_without_docker_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "GATEWAY", ["/nowhere/docker"])
    with pytest.raises(NoDockerError, match="no docker command"):
        gateway_address()
