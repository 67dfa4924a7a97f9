"""An endpoint of SageMaker, whatever it serves: what is asked for, and what brings a version there.

Names of versions follow from the jobs that made them, so that done twice it is done once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from pipeline.guard_rails import GuardRails

# What SageMaker says of an endpoint that changes by itself, and of one that can only be deleted.
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
IN_SERVICE, DELETING = "InService", "Deleting"
BROKEN = ("Failed", "UpdateRollbackFailed", "OutOfService")
Step = Literal["create", "update", "replace", "wait", "nothing"]
"""What brings a version behind an endpoint; `nothing` where it is there or on its way."""
VARIANT, CONCURRENCY = "main", 5


@dataclass(frozen=True)
class Owner:
    """The stack whose endpoints they are."""

    stack: str
    role_arn: str
    guard_rails: GuardRails


@dataclass(frozen=True)
class EndpointVersion:
    """A version of a model, and the endpoint that is to serve it."""

    endpoint: str
    version: str
    """What its model and configuration in SageMaker are called."""
    model_key: str
    image_uri: str
    memory_mb: int
    """Of a serverless endpoint, whose CPU grows with it."""
    instance_type: str = ""
    """Empty where the endpoint is serverless."""


def model_request(bucket: str, served: EndpointVersion, owner: Owner) -> dict[str, Any]:
    """The arguments of CreateModel."""
    return {
        "ModelName": served.version,
        "PrimaryContainer": {
            "Image": served.image_uri,
            "ModelDataUrl": f"s3://{bucket}/{served.model_key}",
        },
        "ExecutionRoleArn": owner.role_arn,
        "Tags": owner.guard_rails.tagged(owner.stack),
        **owner.guard_rails.network(),
    }


def config_request(served: EndpointVersion, owner: Owner) -> dict[str, Any]:
    """Return the arguments of CreateEndpointConfig.

    A serverless endpoint has no disk of its own to encrypt, and takes no subnets.
    """
    serverless = {
        "ServerlessConfig": {"MemorySizeInMB": served.memory_mb, "MaxConcurrency": CONCURRENCY}
    }
    on_a_machine = {"InstanceType": served.instance_type, "InitialInstanceCount": 1}
    hosting = on_a_machine if served.instance_type else serverless
    return {
        "EndpointConfigName": served.version,
        "ProductionVariants": [{"VariantName": VARIANT, "ModelName": served.version, **hosting}],
        "Tags": owner.guard_rails.tagged(owner.stack),
        **(owner.guard_rails.key("KmsKeyId") if served.instance_type else {}),
    }


def endpoint_request(served: EndpointVersion, owner: Owner) -> dict[str, Any]:
    """The arguments of CreateEndpoint."""
    return {
        "EndpointName": served.endpoint,
        "EndpointConfigName": served.version,
        "Tags": owner.guard_rails.tagged(owner.stack),
    }


def version_of(endpoint: Mapping[str, Any]) -> str:
    """The configuration that an endpoint serves or is about to serve."""
    pending = endpoint.get("PendingDeploymentSummary") or endpoint
    return str(pending["EndpointConfigName"])


def is_in_service(endpoint: Mapping[str, Any] | None) -> bool:
    """Whether it answers, as SageMaker describes it."""
    return endpoint is not None and endpoint["EndpointStatus"] == IN_SERVICE


def is_settled(endpoint: Mapping[str, Any] | None) -> bool:
    """Whether it is there, and neither changes nor goes; else another event follows, or none."""
    return endpoint is not None and endpoint["EndpointStatus"] not in (*CHANGING, DELETING)


def next_step(endpoint: Mapping[str, Any] | None, version: str) -> Step:
    """What to do so that an endpoint, as SageMaker describes it, serves this version."""
    if endpoint is None:
        return "create"
    status = endpoint["EndpointStatus"]
    if status in (*BROKEN, DELETING):
        return "replace"
    if version_of(endpoint) == version:
        return "nothing"
    return "wait" if status in CHANGING else "update"


def is_idle(last_changed: datetime, invocations: float, now: datetime, idle_days: float) -> bool:
    """Whether an endpoint has been unused for that long; 0 days keep every endpoint."""
    return bool(idle_days) and not invocations and now - last_changed > timedelta(days=idle_days)
