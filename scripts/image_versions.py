"""Write down which versions AWS's AutoGluon image has, from the lists that AWS publishes of it.

    .venv/bin/python scripts/image_versions.py UV_LOCK REQUIREMENTS > requirements/image.constraints

Both lie in github.com/aws/deep-learning-containers: docker/pytorch/2.13/cpu/uv.lock is the lock of
the image that it is built on, docker/autogluon/1.6/requirements.cpu.in what is installed over it.
"""

import re
import sys
import tomllib
from pathlib import Path

HEAD = """\
# What AWS's image autogluon:1.6.3-cpu-amzn2023 has installed. scripts/image_versions.py made this
# from the lists that AWS publishes of it in github.com/aws/deep-learning-containers:
#   docker/pytorch/2.13/cpu/uv.lock           the image that it is built on
#   docker/autogluon/1.6/requirements.cpu.in  what is installed over it, and wins
# `make lock` makes requirements/container.txt of what a training job needs of it."""
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", re.MULTILINE)


def constraints(lock: str, requirements: str) -> list[str]:
    """Of both lists, one version per package: `name==version`."""
    found = {
        package["name"]: package["version"].split("+")[0]
        for package in tomllib.loads(lock)["package"]
        # The image's own project, and what it has on other machines alone.
        if "registry" in package["source"] and "resolution-markers" not in package
    }
    found |= {name.lower().replace("_", "-"): pin for name, pin in PINNED.findall(requirements)}
    return [f"{name}=={pin}" for name, pin in sorted(found.items())]


if __name__ == "__main__":
    lists = [Path(name).read_text("utf-8") for name in sys.argv[1:]]
    print("\n".join([HEAD, *constraints(*lists)]))
