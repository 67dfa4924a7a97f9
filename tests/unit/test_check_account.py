"""What `make deploy` says of an account before it builds.

moto knows no quotas of SageMaker, so that one answer is stubbed.
"""

import os
import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from codefree.cloud import Cloud
from scripts.check_account import QUOTA, Finding, check
from tests.template_facts import ROOT, TEMPLATE

REGIONS = set(TEMPLATE["Mappings"]["AutoGluonImageAccounts"])
HERE = {"Arn": "arn:aws:iam::123456789012:user/me", "Account": "123456789012", "UserId": "x"}


class Session:
    """A session whose services give the answers that were stubbed."""

    region_name: str | None = "us-east-1"

    def __init__(self, quotas: list[tuple[str, float]] | str) -> None:
        real = boto3.Session("key", "secret", region_name="us-east-1")
        self._clients = {name: real.client(name) for name in ("sts", "service-quotas")}
        sts, service_quotas = map(Stubber, self._clients.values())
        sts.add_response("get_caller_identity", HERE)
        if isinstance(quotas, str):
            service_quotas.add_client_error("list_service_quotas", quotas)
        else:
            listed = [{"QuotaName": name, "Value": value} for name, value in quotas]
            service_quotas.add_response("list_service_quotas", {"Quotas": listed})
        sts.activate()
        service_quotas.activate()

    def get_credentials(self) -> object:
        return object()

    def client(self, name: str) -> Any:
        return self._clients[name]


def findings(quotas: list[tuple[str, float]] | str) -> list[Finding]:
    return list(check(Session(quotas), REGIONS))


def test_an_account_that_may_train_is_told_where_it_deploys() -> None:
    found = findings([("another", 0), (QUOTA, 2)])
    assert [finding.fatal for finding in found] == [False, False]
    assert HERE["Arn"] in found[0].text


def test_jobs_go_to_the_next_machine_that_the_account_may_use() -> None:
    usage = "for training job usage"
    others = [(f"ml.m5.24xlarge {usage}", 1), (f"ml.m5.xlarge {usage}", 2), ("another", 9)]
    found = findings([(QUOTA, 0), *others])[-1]
    assert not found.fatal
    assert "ml.m5.large" in found.text and "run on ml.m5.xlarge" in found.text


def test_a_quota_of_no_job_ends_the_deployment() -> None:
    assert findings([(QUOTA, 0)])[-1].fatal


@pytest.mark.parametrize("quotas", ["AccessDeniedException", []])
def test_a_quota_that_cannot_be_read_does_not_stop_a_deployment(quotas: Any) -> None:
    assert not any(finding.fatal for finding in findings(quotas))


@pytest.mark.parametrize("region", [None, "mars-east-1"])
def test_a_region_without_the_container_ends_the_deployment(region: str | None) -> None:
    session = Session([(QUOTA, 2)])
    session.region_name = region
    (found,) = check(session, REGIONS)
    assert found.fatal


def run(**environ: str) -> "subprocess.CompletedProcess[str]":
    """The script as make calls it, with no AWS but what `environ` says."""
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return subprocess.run(
        [sys.executable, ROOT / "scripts/check_account.py"],
        env={"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", **nothing, **environ},
        capture_output=True,
        text=True,
    )


def test_no_credentials_are_one_sentence() -> None:
    done = run()
    assert done.returncode == 1
    assert done.stderr.startswith("No AWS credentials were found.") and done.stderr.count("\n") == 1


def test_credentials_are_tried_with_aws_itself(cloud: Cloud) -> None:
    done = run(AWS_ENDPOINT_URL=cloud.endpoint.url, **cloud.endpoint.credentials)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("You deploy as arn:aws:")


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("cn-north-1", "in China"),
        ("us-gov-west-1", "GovCloud"),
        ("eu-central-2", "no AutoGluon container in eu-central-2"),
    ],
)
def test_a_region_that_is_not_supported_is_told_why(region: str, words: str) -> None:
    session = Session([])
    session.region_name = region
    (found,) = check(session, REGIONS)
    assert found.fatal
    assert words in found.text
    assert "Choose one of" in found.text and "eu-west-1" in found.text
