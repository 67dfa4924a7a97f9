"""The endpoint that serves a translator: what SageMaker is asked for, and when it has to go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from translation.languages import Pair, parse_pairs

# Translating needs 200 MB; the container itself takes most of it. A serverless endpoint's CPU
# grows with its memory.
MEMORY_MB, CONCURRENCY = 3072, 5
VARIANT = "main"


@dataclass(frozen=True)
class EndpointPlace:
    """What the template says of endpoints."""

    stack: str
    pairs: tuple[Pair, ...]
    """Those that the API offers."""
    image_uri: str
    role_arn: str
    deploys: bool
    idle_days: float

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "EndpointPlace":
        return cls(
            stack=environ["STACK_NAME"],
            pairs=parse_pairs(environ["TRANSLATOR_PAIRS"]),
            image_uri=environ["TRAINING_IMAGE_URI"],
            role_arn=environ["ENDPOINT_ROLE_ARN"],
            deploys=environ["DEPLOY_TRANSLATOR"] == "true",
            idle_days=float(environ["ENDPOINT_IDLE_DAYS"]),
        )

    def endpoint(self, spec: Mapping[str, Any]) -> str:
        return Pair(spec["source_language"], spec["target_language"]).endpoint(self.stack)


def model_request(bucket: str, spec: Mapping[str, Any], place: EndpointPlace) -> dict[str, Any]:
    """The arguments of CreateModel; the model has its job's name."""
    return {
        "ModelName": spec["job"],
        "PrimaryContainer": {
            "Image": place.image_uri,
            "ModelDataUrl": f"s3://{bucket}/models/{spec['job']}/output/model.tar.gz",
        },
        "ExecutionRoleArn": place.role_arn,
        "Tags": _tags(place),
    }


def config_request(spec: Mapping[str, Any], place: EndpointPlace) -> dict[str, Any]:
    """The arguments of CreateEndpointConfig: serverless, so nothing is paid while nobody asks."""
    return {
        "EndpointConfigName": spec["job"],
        "ProductionVariants": [
            {
                "VariantName": VARIANT,
                "ModelName": spec["job"],
                "ServerlessConfig": {"MemorySizeInMB": MEMORY_MB, "MaxConcurrency": CONCURRENCY},
            }
        ],
        "Tags": _tags(place),
    }


def endpoint_request(spec: Mapping[str, Any], place: EndpointPlace) -> dict[str, Any]:
    """The arguments of CreateEndpoint."""
    return {
        "EndpointName": place.endpoint(spec),
        "EndpointConfigName": spec["job"],
        "Tags": _tags(place),
    }


def deployed_in_words(spec: Mapping[str, Any], place: EndpointPlace) -> str:
    """What STATUS.txt says of a translator that is being put behind its endpoint."""
    pair = Pair(spec["source_language"], spec["target_language"])
    sentence = (
        f"The endpoint {place.endpoint(spec)} takes it over within minutes; until then the one "
        "before answers."
    )
    if pair in place.pairs:
        return sentence
    return (
        f"{sentence} The API does not offer {pair} yet: an engineer has to name it in the stack's "
        "parameter TranslatorPairs."
    )


def is_idle(last_changed: datetime, invocations: float, now: datetime, idle_days: float) -> bool:
    """Whether nobody has used an endpoint for that long; 0 days keep every endpoint."""
    return bool(idle_days) and not invocations and now - last_changed > timedelta(days=idle_days)


def retired_in_words(place: EndpointPlace, train_key: str) -> str:
    """What STATUS.txt says of an endpoint that was deleted."""
    return (
        f"Nobody used its endpoint for {place.idle_days:g} days, so the endpoint was deleted; the "
        f"model is kept. To get it back, upload {train_key} again: nothing is trained or paid "
        "twice."
    )


def _tags(place: EndpointPlace) -> list[dict[str, str]]:
    return [{"Key": "codefree-automl:stack", "Value": place.stack}]
