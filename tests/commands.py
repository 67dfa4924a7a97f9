"""Commands that ask a stack, as a user runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from codefree.aws import STACK_NAME
from tests.conftest import PATIENCE_SECONDS
from tests.fault_world import World

ROOT = Path(__file__).parents[1]


def codefree(
    world: World, *arguments: str, in_aws: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Against that stack, as if `codefree up` kept it up, or as if it were in AWS."""
    port = world.cloud.endpoint.port
    where = ("--stack", STACK_NAME) if in_aws else ("--port", port)
    account = world.cloud.endpoint.environ if in_aws else {}
    return subprocess.run(
        [sys.executable, "-m", "codefree", *arguments, *where],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **account},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def said(world: World, *arguments: str) -> Any:
    done = codefree(world, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(world: World, *arguments: str) -> str:
    done = codefree(world, *arguments)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    return done.stderr
