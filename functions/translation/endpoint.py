"""The endpoint that serves a translator: what SageMaker is asked for, and when it has to go."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from contract.endpoint_name import endpoint_prefix
from contract.layout import model_key
from contract.messages import Message, message
from pipeline.failures import LONGEST_QUOTE, plain
from pipeline.guard_rails import GuardRails
from pipeline.results import HELD_BACK
from pipeline.status import Status
from translation.languages import Pair, parse_pairs

# What SageMaker says of an endpoint that changes by itself, and of one that can only be deleted.
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack")
BROKEN = ("Failed", "UpdateRollbackFailed", "OutOfService")
Step = Literal["create", "update", "replace", "wait", "nothing"]
"""What brings a translator behind an endpoint; `nothing` where it is there or on its way."""
FAILED = ("detail.endpoint_failed", "detail.endpoint_went_back", "detail.endpoint_kept_other")
# Said of the translator that the status is about → said of another version.
OF_OTHERS = {
    "detail.endpoint_taking_over": "detail.endpoint_returns",
    "detail.endpoint_waits": "detail.endpoint_waits_for_other",
    "detail.endpoint_serves": "detail.endpoint_serves_other",
    "detail.endpoint_went_back": "detail.endpoint_kept_other",
    "detail.endpoint_failed": "detail.endpoint_failed",
    "detail.no_endpoint": "detail.no_endpoint",
}
# What STATUS.txt may say of a translator's endpoint: one of them at a time.
ABOUT_ENDPOINTS = (*OF_OTHERS, *OF_OTHERS.values())
ASKED_FOR = (
    *("detail.endpoint_taking_over", "detail.endpoint_serves"),
    *("detail.endpoint_returns", "detail.endpoint_serves_other"),
)
# Translating needs 200 MB; the container itself takes most of it. A serverless endpoint's CPU
# grows with its memory.
MEMORY_MB, CONCURRENCY = 3072, 5
VARIANT = "main"


class Translator(Protocol):
    """What can be brought behind the endpoint of its pair, such as a translator's job."""

    @property
    def job(self) -> str: ...

    @property
    def source_language(self) -> str: ...

    @property
    def target_language(self) -> str: ...


@dataclass(frozen=True)
class EndpointSettings:
    """What the template sets for endpoints."""

    stack: str
    prefix: str
    """What the names of its endpoints begin with."""
    pairs: tuple[Pair, ...]
    """The language pairs that the API offers."""
    image_uri: str
    role_arn: str
    deploys: bool
    idle_days: float
    guard_rails: GuardRails
    instance_type: str
    """Empty where the endpoints are serverless."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "EndpointSettings":
        return cls(
            stack=environ["STACK_NAME"],
            prefix=endpoint_prefix(environ["STACK_NAME"], environ["STACK_PART"]),
            pairs=parse_pairs(environ["TRANSLATOR_PAIRS"]),
            image_uri=environ["TRAINING_IMAGE_URI"],
            role_arn=environ["ENDPOINT_ROLE_ARN"],
            deploys=environ["DEPLOY_TRANSLATOR"] == "true",
            idle_days=float(environ["ENDPOINT_IDLE_DAYS"]),
            guard_rails=GuardRails.from_environ(environ),
            instance_type=environ["ENDPOINT_INSTANCE_TYPE"],
        )

    def endpoint(self, spec: Translator) -> str:
        return Pair(spec.source_language, spec.target_language).endpoint(self.prefix)


def model_request(bucket: str, spec: Translator, settings: EndpointSettings) -> dict[str, Any]:
    """The arguments of CreateModel; the model has its job's name."""
    return {
        "ModelName": spec.job,
        "PrimaryContainer": {
            "Image": settings.image_uri,
            "ModelDataUrl": f"s3://{bucket}/{model_key(spec.job)}",
        },
        "ExecutionRoleArn": settings.role_arn,
        "Tags": settings.guard_rails.tagged(settings.stack),
        **settings.guard_rails.network(),
    }


def config_request(spec: Translator, settings: EndpointSettings) -> dict[str, Any]:
    """Return the arguments of CreateEndpointConfig; serverless, so idle time is free.

    A serverless endpoint has no disk of its own to encrypt, and takes no subnets.
    """
    serverless = {"ServerlessConfig": {"MemorySizeInMB": MEMORY_MB, "MaxConcurrency": CONCURRENCY}}
    on_a_machine = {"InstanceType": settings.instance_type, "InitialInstanceCount": 1}
    hosting = on_a_machine if settings.instance_type else serverless
    return {
        "EndpointConfigName": spec.job,
        "ProductionVariants": [{"VariantName": VARIANT, "ModelName": spec.job, **hosting}],
        "Tags": settings.guard_rails.tagged(settings.stack),
        **(settings.guard_rails.key("KmsKeyId") if settings.instance_type else {}),
    }


def endpoint_request(spec: Translator, settings: EndpointSettings) -> dict[str, Any]:
    """The arguments of CreateEndpoint."""
    return {
        "EndpointName": settings.endpoint(spec),
        "EndpointConfigName": spec.job,
        "Tags": settings.guard_rails.tagged(settings.stack),
    }


def version_of(endpoint: Mapping[str, Any]) -> str:
    """The configuration, and so the job, that an endpoint serves or is about to serve."""
    pending = endpoint.get("PendingDeploymentSummary") or endpoint
    return str(pending["EndpointConfigName"])


def next_step(endpoint: Mapping[str, Any] | None, spec: Translator) -> Step:
    """What to do so that the pair's endpoint, as SageMaker describes it, serves this translator."""
    if endpoint is None:
        return "create"
    status = endpoint["EndpointStatus"]
    if status in BROKEN or status == "Deleting":
        return "replace"
    if version_of(endpoint) == spec.job:
        return "nothing"
    return "wait" if status in CHANGING else "update"


def state_message(
    endpoint: Mapping[str, Any] | None, spec: Translator, settings: EndpointSettings
) -> Message:
    """What STATUS.txt says of a translator and its endpoint, as SageMaker describes that now."""
    name = settings.endpoint(spec)
    if endpoint is None or version_of(endpoint) == spec.job:
        serves = endpoint is not None and endpoint["EndpointStatus"] == "InService"
        code = "detail.endpoint_serves" if serves else "detail.endpoint_taking_over"
    else:
        code = "detail.endpoint_waits"
    sentence = message(code, endpoint=name)
    pair = Pair(spec.source_language, spec.target_language)
    if pair in settings.pairs:
        return sentence
    return message("detail.pair_not_offered", sentence=sentence, pair=str(pair))


def failed_message(reason: str) -> Message:
    """What STATUS.txt says of a translator that its endpoint does not serve."""
    if not reason:
        # SageMaker keeps none of an update that it took back.
        return message("detail.endpoint_went_back")
    return message("detail.endpoint_failed", text=plain(reason, LONGEST_QUOTE))


def of_other(said: Message, version: int, job: str) -> Message:
    """The same said of another version than the one that the status is about."""
    inner = said.values.get("sentence")
    if isinstance(inner, Message):
        sentence = of_other(inner, version, job)
        return message(said.code, **{**said.values, "sentence": sentence})
    return message(OF_OTHERS[said.code], **{**said.values, "version": version, "job": job})


def with_endpoint(status: Status, said: Message) -> Status:
    """The status with this said of the translator's endpoint, and nothing else of it."""
    others = [one for one in status.details if _sentence(one).code not in ABOUT_ENDPOINTS]
    return replace(status, details=(*others, said))


def takes_over(status: Status) -> bool:
    """Whether the status is of a finished translator that is fit to serve."""
    return status.state == "completed" and HELD_BACK not in {one.code for one in status.details}


def was_asked_for(status: Status) -> bool:
    """Whether SageMaker has been asked to deploy the translator that the status is about."""
    said = [_sentence(one).code for one in status.details]
    return any(code in said for code in ASKED_FOR)


def _sentence(detail: Message) -> Message:
    inner = detail.values.get("sentence")
    return inner if isinstance(inner, Message) else detail


def is_idle(last_changed: datetime, invocations: float, now: datetime, idle_days: float) -> bool:
    """Whether an endpoint has been unused for that long; 0 days keep every endpoint."""
    return bool(idle_days) and not invocations and now - last_changed > timedelta(days=idle_days)


def retired_message(settings: EndpointSettings, train_key: str) -> Message:
    """What STATUS.txt says of an endpoint that was deleted."""
    return message("note.endpoint_deleted", days=settings.idle_days, file=train_key)
