"""What functions in Docker containers need to find the embedded AWS: `sam local` asks for it."""

import json
import socket
import subprocess

from local.cloud import Cloud

# Docker Desktop knows this name; elsewhere `--add-host` teaches it.
HOST = "host.docker.internal"
ADD_HOST = f"{HOST}:host-gateway"
GATEWAY = ["docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"]


class NoDockerError(Exception):
    """Raised when no Docker engine answers."""


def gateway_address() -> str | None:
    """The address of this machine that `host-gateway` leads to.

    None where Docker runs in a machine of its own, as Docker Desktop does: from there the name
    leads to the loopback.
    """
    try:
        done = subprocess.run(GATEWAY, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NoDockerError("There is no docker command.") from error
    if done.returncode:
        raise NoDockerError(f"No Docker engine answers: {done.stderr.strip()}")
    address = done.stdout.strip()
    return address if _is_of_this_machine(address) else None


def environments(cloud: Cloud) -> str:
    """What `sam local --env-vars` reads: the variables of every function, as deployed here."""
    endpoint = f"http://{HOST}:{cloud.endpoint.port}"
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
