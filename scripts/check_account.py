"""Check what `sam deploy` needs of an AWS account, before anything is built or asked.

Prints a sentence per finding; ends with 1 when a deployment cannot work. It changes nothing.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
# The machine that an upload of usual size is trained on.
MACHINE = "ml.m5.large"
USAGE = "for training job usage"
QUOTA = f"{MACHINE} {USAGE}"
PRICES = json.loads((TEMPLATE.parent / "functions/pipeline/prices.json").read_text("utf-8"))
# All that jobs may be started on, the cheapest first.
MACHINES = sorted(PRICES["usd_per_hour"]["us-east-1"], key=PRICES["usd_per_hour"]["us-east-1"].get)


@dataclass(frozen=True)
class Finding:
    """One sentence; `fatal` when a deployment, or its first training job, cannot work."""

    text: str
    fatal: bool = False


def check(session: Any, regions: set[str]) -> Iterator[Finding]:
    """Yield what is found, and stop at what makes the rest pointless."""
    if session.get_credentials() is None:
        yield Finding(
            "No AWS credentials were found. Run `aws configure`, or set AWS_PROFILE to a profile "
            "that has some.",
            fatal=True,
        )
        return
    region = session.region_name
    if region is None:
        yield Finding("No AWS region is set. Set one, such as AWS_REGION=eu-west-1.", fatal=True)
        return
    if region not in regions:
        choice = f"Choose one of {', '.join(sorted(regions))}."
        yield Finding(f"{_why_not_in(region)} {choice}", fatal=True)
        return
    try:
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        yield Finding(f"AWS does not accept your credentials: {error}", fatal=True)
        return
    yield Finding(f"You deploy as {identity['Arn']} into {region}.")
    yield _quota(session)


def _why_not_in(region: str) -> str:
    if region.startswith("cn-"):
        return (
            f"{region} is in China: AWS publishes no AutoGluon container there, and its services "
            "have other names. The stack does not support it."
        )
    if region.startswith("us-gov-"):
        return (
            f"{region} is AWS GovCloud: it has no serverless endpoints, and its prices are not "
            "known, so no cap would hold. The stack does not support it."
        )
    return f"AWS publishes no AutoGluon container in {region}."


def _quota(session: Any) -> Finding:
    try:
        pages = session.client("service-quotas").get_paginator("list_service_quotas")
        quotas = {
            quota["QuotaName"]: quota["Value"]
            for page in pages.paginate(ServiceCode="sagemaker")
            for quota in page["Quotas"]
        }
    except (BotoCoreError, ClientError) as error:
        return Finding(f"The quota of training jobs could not be read: {error}")
    jobs = quotas.get(QUOTA)
    if jobs is None:
        return Finding(f"AWS lists no quota named {QUOTA!r}.")
    if jobs < 1:
        why = (
            f"Your account may run no training job on {MACHINE} yet. Ask for at least 1 in the "
            f"Service Quotas console: Amazon SageMaker, {QUOTA!r}."
        )
        others = [machine for machine in MACHINES if quotas.get(f"{machine} {USAGE}", 0) >= 1]
        if not others:
            return Finding(why, fatal=True)
        return Finding(f"{why} Until then jobs run on {others[0]}, if their cost limit allows it.")
    return Finding(f"Your account may run {jobs:g} training jobs on {MACHINE} at a time.")


def main() -> int:
    """The exit status."""
    template = yaml_parse(TEMPLATE.read_text("utf-8"))
    fatal = False
    for finding in check(boto3.Session(), set(template["Mappings"]["AutoGluonImageAccounts"])):
        print(finding.text, file=sys.stderr if finding.fatal else sys.stdout, flush=True)
        fatal |= finding.fatal
    return int(fatal)


if __name__ == "__main__":
    raise SystemExit(main())
