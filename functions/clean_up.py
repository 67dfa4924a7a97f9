"""When the stack is deleted: what it made while it lived goes too, and costs nothing any more."""

import json
import urllib.request
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from automl.clean_up import CleanUp, answer, planned
from clients import client
from leftovers import SecondsLeft, delete_bucket, delete_endpoints, delete_models, stop_jobs

logger = Logger()
cloudformation: Any = client("cloudformation")
# The jobs whose models are served; the template allows no others to be deleted.
SERVED = "translation-"
ANSWER_SECONDS, ANSWER_TRIES = 30, 3


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Whatever happens, CloudFormation gets its answer: without one it waits until it gives up."""
    failure = None
    try:
        plan = planned(event, stack_status(event))
        if plan:
            clean_up(plan, lambda: context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS)
    except Exception as error:
        logger.exception("not cleaned up")
        failure = f"Not everything could be cleaned up: {error}"
    respond(event["ResponseURL"], answer(event, failure))


def clean_up(plan: CleanUp, seconds_left: SecondsLeft) -> None:
    """Jobs first: they cost most, and the others wait for what they write."""
    logger.info("jobs stopped", extra={"jobs": stop_jobs(plan.stack, seconds_left)})
    endpoints = delete_endpoints(plan.stack, seconds_left)
    models = delete_models(plan.stack, SERVED)
    logger.info("endpoints deleted", extra={"endpoints": endpoints, "models": models})
    if plan.deletes_data:
        delete_bucket(plan.bucket, seconds_left)
        logger.info("bucket deleted", extra={"bucket": plan.bucket})


def stack_status(event: dict[str, Any]) -> str:
    """Asked by its id, because the name may be another stack's by now."""
    if event["RequestType"] != "Delete":
        return ""
    described = cloudformation.describe_stacks(StackName=event["StackId"])["Stacks"][0]
    return str(described["StackStatus"])


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
