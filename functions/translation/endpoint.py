"""The endpoint that serves a translator: what it is, and what STATUS.txt says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from contract.endpoint_name import endpoint_prefix
from contract.layout import model_key
from contract.messages import Message, message
from pipeline.endpoint import EndpointVersion, Owner, is_in_service, version_of
from pipeline.failures import LONGEST_QUOTE, plain
from pipeline.guard_rails import GuardRails
from pipeline.results import HELD_BACK
from pipeline.status import Status
from translation.languages import Pair, parse_pairs

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
# Translating needs 200 MB; the container itself takes most of it.
MEMORY_MB = 3072


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

    @property
    def owner(self) -> Owner:
        return Owner(self.stack, self.role_arn, self.guard_rails)

    def endpoint(self, spec: Translator) -> str:
        return Pair(spec.source_language, spec.target_language).endpoint(self.prefix)


def served(spec: Translator, settings: EndpointSettings) -> EndpointVersion:
    """A translator, and the endpoint of its pair; the version has its job's name."""
    return EndpointVersion(
        endpoint=settings.endpoint(spec),
        version=spec.job,
        model_key=model_key(spec.job),
        image_uri=settings.image_uri,
        memory_mb=MEMORY_MB,
        instance_type=settings.instance_type,
    )


def state_message(
    endpoint: Mapping[str, Any] | None, spec: Translator, settings: EndpointSettings
) -> Message:
    """What STATUS.txt says of a translator and its endpoint, as SageMaker describes that now."""
    name = settings.endpoint(spec)
    if endpoint is None or version_of(endpoint) == spec.job:
        serves = is_in_service(endpoint)
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


def retired_message(settings: EndpointSettings, train_key: str) -> Message:
    """What STATUS.txt says of an endpoint that was deleted."""
    return message("note.endpoint_deleted", days=settings.idle_days, file=train_key)
