"""What requests cost, by what answers them: said in words before an endpoint is made.

API Gateway's price is the same whatever answers, and left out.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from contract.bounds import ENDPOINTS
from contract.job import Job, ModelJob
from contract.messages import Message, message
from pipeline.budget import HOME_REGION, PRICES
from pipeline.status import Status

SERVING: Mapping[str, float] = PRICES["serving"]
# docs/portable_model.md: one row takes a portable model 1 to 20 ms, and AutoGluon 10 to 100 ms;
# the part of a processor that a small endpoint has takes longer.
FUNCTION_SECONDS, ENDPOINT_SECONDS = 0.05, 0.25
# The template has the same.
FUNCTION_GB = 1769 / 1024
MB_PER_GB = 1024
# What a model gets that is not large: pipeline/model_endpoint.py.
MEMORY_AT_LEAST_MB = 3072
REQUESTS = 1000


def function_usd(region: str, seconds: float = FUNCTION_SECONDS) -> float:
    """What 1,000 requests to the function cost that take so long each."""
    each: float = SERVING["function_usd_per_request"]
    each += SERVING["function_usd_per_gb_second"] * FUNCTION_GB * seconds
    return REQUESTS * each * _factor(region)


def serverless_usd(memory_mb: int, region: str) -> float:
    """The same by a serverless endpoint, for which the function waits."""
    gb_seconds = memory_mb / MB_PER_GB * ENDPOINT_SECONDS
    endpoint = SERVING["serverless_usd_per_gb_second"] * gb_seconds
    return REQUESTS * endpoint * _factor(region) + function_usd(region, ENDPOINT_SECONDS)


def costs_of_serverless(memory_mb: int, region: str, free_of_charge: bool) -> Message:
    """What a serverless endpoint of this memory costs, in words."""
    if free_of_charge:
        return message("serving.free")
    return message(
        "serving.costs",
        gb=math.ceil(memory_mb / MB_PER_GB),
        seconds=ENDPOINT_SECONDS,
        usd=serverless_usd(memory_mb, region),
        function_usd=function_usd(region),
    )


def with_planned_endpoint(status: Status, job: Job, region: str) -> Status:
    """The status of a job that was started, with what its model's endpoint is going to cost."""
    if not isinstance(job, ModelJob) or job.serve not in ENDPOINTS:
        return status
    # What most models need; how large this one becomes is not known yet.
    costs = costs_of_serverless(MEMORY_AT_LEAST_MB, region, job.free_of_charge)
    planned = message("serving.planned", costs=costs)
    return replace(status, details=(*status.details, planned))


def _factor(region: str) -> float:
    """The prices are those of one region, and of the most expensive one everywhere else."""
    return 1.0 if region == HOME_REGION else float(PRICES["highest_region_factor"])
