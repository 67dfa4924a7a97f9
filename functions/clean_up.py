"""When the stack is deleted: what it made while it lived goes too, and costs nothing any more."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from aws.cleanup import SecondsLeft, delete_bucket, delete_endpoints, delete_models, stop_jobs
from aws.stacks import stack_status
from contract.layout import SERVED
from pipeline.clean_up import CleanUp, answer, planned

logger = Logger()
# What the names of models begin with that are served; the template allows no others to be deleted.
PREFIXES = ("translation-", SERVED)
ANSWER_SECONDS, ANSWER_TRIES = 30, 3


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> None:
    """Whatever happens, CloudFormation gets its answer: without one it waits until it gives up."""
    failure = None
    try:
        plan = planned(event, status_of_stack(event))
        if plan:
            clean_up(plan, lambda: context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS)
    except Exception as error:
        logger.exception("not cleaned up")
        failure = f"Not everything could be cleaned up: {error}"
    respond(event["ResponseURL"], answer(event, failure))


def clean_up(plan: CleanUp, seconds_left: SecondsLeft) -> None:
    """Jobs first: they cost most, and the others wait for what they write."""
    logger.info("jobs stopped", extra={"jobs": stop_jobs(plan.stack, seconds_left)})
    endpoints = delete_endpoints(plan.stack, plan.endpoint_prefixes, seconds_left)
    models = [name for prefix in PREFIXES for name in delete_models(plan.stack, prefix)]
    logger.info("endpoints deleted", extra={"endpoints": endpoints, "models": models})
    if plan.deletes_data:
        delete_bucket(plan.bucket, seconds_left)
        logger.info("bucket deleted", extra={"bucket": plan.bucket})


def status_of_stack(event: Mapping[str, Any]) -> str:
    """Asked only when something is deleted."""
    return stack_status(event["StackId"]) if event["RequestType"] == "Delete" else ""


def respond(url: str, content: dict[str, str]) -> None:
    """A pre-signed upload, whose signature holds for no content type at all."""
    body = json.dumps(content).encode()
    request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")
    for tries_left in reversed(range(ANSWER_TRIES)):
        try:
            urllib.request.urlopen(request, timeout=ANSWER_SECONDS / ANSWER_TRIES).close()
            return
        except OSError:
            if not tries_left:
                # Lambda tries an event again whose function breaks.
                raise
