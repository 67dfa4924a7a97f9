"""The endpoint of a dataset's model: how large, what it is called, and what STATUS.txt says of it.

Each version has its own, so that a canary, a rollback and a new version are the same for a function
and for endpoints: `live.json` alone says who answers.
"""

import math

from contract.endpoint_name import endpoint_name
from contract.job import ModelJob
from contract.layout import SERVED, digest, model_key, served_version
from contract.live import Version
from contract.messages import Message, message
from pipeline.endpoint import EndpointVersion
from pipeline.failures import LONGEST_QUOTE, plain
from pipeline.serving_costs import MB_PER_GB, MEMORY_AT_LEAST_MB, costs_of_serverless
from pipeline.taking_over import deploy_command

# Measured with a model of 1.8 MB packed, 4.6 MB unpacked: the process takes 265 MB, and 292 MB
# with 5,000 rows; the container and its web server come on top. Pickles of forests and networks
# take several times their packed bytes, and twice while they load. AutoGluon's own cloud package
# asks for 4 GB whatever the model is.
BESIDE_THE_MODEL_MB = 1536
MEMORY_PER_PACKED_BYTE = 12
# SageMaker's limit: docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
MEMORY_AT_MOST_MB = 6144


def serverless_memory_mb(packed_bytes: int) -> int | None:
    """The memory for a model.tar.gz of that size; None where no serverless endpoint has it."""
    needed = BESIDE_THE_MODEL_MB + MEMORY_PER_PACKED_BYTE * packed_bytes / 2**20
    memory = max(MEMORY_AT_LEAST_MB, math.ceil(needed / MB_PER_GB) * MB_PER_GB)
    return memory if memory <= MEMORY_AT_MOST_MB else None


def endpoints_begin(prefix: str) -> str:
    """What the names of such endpoints begin with, and those of translators do not."""
    return endpoint_name(prefix, SERVED)


def endpoint_of(prefix: str, job: str) -> str:
    """The endpoint of the model that a job has made: at most 63 letters with a prefix of 45."""
    return endpoint_name(prefix, f"{SERVED}{digest(job)}")


def served(prefix: str, spec: ModelJob, memory_mb: int) -> EndpointVersion:
    """Return a version behind its endpoint.

    In the image that has trained it, because a model loads in no other version of AutoGluon.
    """
    return EndpointVersion(
        endpoint=endpoint_of(prefix, spec.job),
        version=served_version(spec.job),
        model_key=model_key(spec.job),
        image_uri=spec.image,
        memory_mb=memory_mb,
    )


def too_large(version: Version, packed_bytes: int) -> Message:
    """What is said of a model that no serverless endpoint takes."""
    return message("serving.too_large", job=version.job, megabytes=round(packed_bytes / 2**20))


def state(
    spec: ModelJob, endpoint: str, memory_mb: int, region: str, *, in_service: bool
) -> Message:
    """What is said of an endpoint that is there, or on its way."""
    code = "serving.serves" if in_service else "serving.creating"
    costs = costs_of_serverless(memory_mb, region, spec.free_of_charge)
    return message(code, endpoint=endpoint, dataset=spec.dataset, job=spec.job, costs=costs)


def failed(dataset: str, job: str, reason: str) -> Message:
    """What is said where there is no endpoint, because AWS made none."""
    text = plain(reason, LONGEST_QUOTE)
    return message("serving.failed", job=job, text=text, command=deploy_command(dataset))


def retired(dataset: str, job: str, days: float) -> Message:
    """What is said of an endpoint that nothing has used."""
    return message("serving.retired", job=job, days=days, command=deploy_command(dataset))
