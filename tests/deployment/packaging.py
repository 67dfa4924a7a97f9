"""What `sam package` makes of the build, and what CloudFormation makes of that."""

import copy
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from codefree.aws import Endpoint
from codefree.template import CODE_PROPERTIES, translated

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
SAM = ROOT / ".venv-sam" / "bin" / "sam"
ARTEFACTS = "artefacts-of-a-rehearsal"
RELEASES = ROOT / "tests" / "releases"

Template = dict[str, Any]


def package(endpoint: Endpoint, folder: Path) -> Template:
    """The built template, whose code is in a bucket now."""
    place = {"LocationConstraint": endpoint.region}
    endpoint.client("s3").create_bucket(Bucket=ARTEFACTS, CreateBucketConfiguration=place)
    written = folder / "packaged.yaml"
    files = ["--template-file", str(BUILT), "--output-template-file", str(written)]
    subprocess.run(
        [str(SAM), "package", *files, "--s3-bucket", ARTEFACTS, "--no-progressbar"],
        env={**os.environ, **endpoint.environ, "SAM_CLI_TELEMETRY": "0", "NO_PROXY": "localhost"},
        check=True,
        capture_output=True,
        cwd=folder,
    )
    packaged: Template = yaml_parse(written.read_text("utf-8"))
    return packaged


def cloudformation(
    endpoint: Endpoint, packaged: Template, parameters: Mapping[str, str] | None = None
) -> Template:
    return translated(copy.deepcopy(packaged), endpoint.session(), parameters or {})


def last_release(packaged: Template) -> Template:
    """The template of the release before this one; its code is this one's."""
    path = max(RELEASES.glob("*.yaml"), key=lambda path: _version(path.stem))
    release: Template = yaml_parse(path.read_text("utf-8"))
    for logical_id, resource in release["Resources"].items():
        if name := CODE_PROPERTIES.get(resource["Type"]):
            code = packaged["Resources"][logical_id]["Properties"][name]
            resource["Properties"][name] = code
    return release


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))
