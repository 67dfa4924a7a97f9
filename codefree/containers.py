"""What functions in Docker containers need to find the embedded AWS: `sam local` asks for it."""

import json
import socket
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

from codefree.cloud import Cloud
from codefree.front_door import CONTAINERS_HOST
from codefree.words import SaidError, message

ADD_HOST = f"{CONTAINERS_HOST}:host-gateway"
GATEWAY = ["docker", "network", "inspect", "bridge", "-f", "{{json .IPAM.Config}}"]


class NoDockerError(SaidError):
    """Raised when Docker does not say where its containers find this machine."""


def gateway_address() -> str | None:
    """The address of this machine that `host-gateway` leads to.

    None where Docker runs in a machine of its own, as Docker Desktop does: from there the name
    leads to the loopback.
    """
    try:
        done = subprocess.run(GATEWAY, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NoDockerError(message("cli.no_docker")) from error
    if done.returncode:
        raise NoDockerError(message("cli.docker_silent", error=done.stderr.strip()))
    address = gateway_of(done.stdout)
    return address if _is_of_this_machine(address) else None


def gateway_of(answer: str) -> str:
    """The IPv4 address of this machine in Docker's network `bridge`; `answer` is its IPAM.Config.

    An engine that starts for the first time leaves the gateway out until it restarts
    (moby/moby#26799); it is the first address of the subnet then.

    Raises NoDockerError when the answer names neither.
    """
    try:
        networks: Sequence[dict[str, Any]] = json.loads(answer) or []
        for network in networks:
            subnet = ip_network(network["Subnet"], strict=False)
            if isinstance(subnet, IPv4Network):
                return str(ip_address(network.get("Gateway") or next(subnet.hosts())))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise _unclear(answer) from error
    raise _unclear(answer)


def _unclear(answer: str) -> NoDockerError:
    return NoDockerError(message("cli.docker_no_gateway", answer=answer.strip()))


def environments(cloud: Cloud) -> str:
    """What `sam local --env-vars` reads: the variables of every function, as deployed here."""
    endpoint = f"http://{CONTAINERS_HOST}:{cloud.endpoint.port}"
    variables = {
        logical_id: {**function.configuration.variables, "AWS_ENDPOINT_URL": endpoint}
        for logical_id, function in cloud.functions.items()
    }
    return json.dumps(variables, indent=1) + "\n"


def _is_of_this_machine(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
