"""Rows come in by HTTP and go out predicted, by a live model of their dataset."""

import os
import time
from datetime import UTC, datetime
from functools import partial

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import LONGEST_ANSWER, is_too_long
from api.errors import BadRequestError, ConflictError, NotFoundError, TooLargeError
from aws.http_api import JSON, HttpApi, answer
from aws.kept_requests import keep
from aws.live_files import try_to_change_live
from aws.portable_models import LiveModels
from aws.telemetry import logger, metrics, tally
from contract.live import Live, Version
from contract.messages import Message, message, render
from pipeline.counts import Count
from reading.request_rows import CSV
from serving.answer import dataset_body, datasets_body, predictions_body, predictions_csv
from serving.challenge import (
    Answered,
    Load,
    Misreadings,
    Question,
    Trial,
    ask,
    ask_challenger,
    is_for_challenger,
    live_body,
)

bucket = os.environ["DATASET_BUCKET"]
models = LiveModels(bucket)
misreadings = Misreadings()
own_key = os.environ["PREDICTION_KEY_ID"]
app = HttpApi(logger, os.environ["ALLOWED_ORIGIN"])


@metrics.log_metrics
@logger.inject_lambda_context(
    clear_state=True, correlation_id_path=correlation_paths.API_GATEWAY_REST
)
def lambda_handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """One HTTP request, as API Gateway hands it over."""
    return app.resolve(event, context)


@app.post("/predict/{dataset}")
def predict() -> Response[str]:
    began = time.monotonic()
    require_own_key()
    asked = app.parameters("reasons")
    explained, kind = wants_reasons(asked.get("reasons", "false")), app.kind(JSON, CSV)
    if explained and kind == CSV:
        raise BadRequestError("reasons", message("api.reasons_in_csv"))
    question = Question(app.body, app.header("Content-Type"), explained)
    name = app.part("dataset")
    live = models.live(name)
    found = answered(name, live, question)
    seconds = time.monotonic() - began
    job = found.live.listed.job
    said = {"job": job, "rows": found.request.size, "milliseconds": round(seconds * 1000)}
    said |= {"by": found.by}
    logger.info("predicted", extra=said)
    keep(bucket, found.live, found.request, app.request_id, live.keep_requests)
    if kind == CSV:
        response = answer(200, predictions_csv(found.live, found.answers), CSV)
    else:
        body = predictions_body(found.live, found.answers, found.reasons, app.language)
        response = answer(200, body)
    # A CSV has no room for it.
    response.headers["X-Job"] = job
    response.headers["X-Answered-By"] = found.by
    return not_too_long(response)


def answered(name: str, live: Live, question: Question) -> Answered:
    """By the champion, or by the challenger as long as nothing keeps it from answering."""
    now = datetime.now(UTC)
    if not live.on:
        raise ConflictError(turned_off(name, live))
    champion = load(name, live.settled(now).champion)
    one = live.on_trial(now)
    if one is None or not is_for_challenger(live, question, now):
        return ask(question, champion())
    found, trial = ask_challenger(question, one.version.job, load(name, one.version), champion)
    count_trial(name, trial)
    return found


def load(name: str, version: Version | None) -> Load:
    if version is None:
        raise NotFoundError(message("api.no_dataset", dataset=name))
    return partial(models.load, name, version)


def count_trial(name: str, trial: Trial) -> None:
    """By the stack, for its alarms, and by the job, so that it is known which one it was.

    What decides is written to live.json: alarms may ring already, or never.
    """
    metrics.add_dimensions(job=trial.job)
    tally(Count.CHALLENGER_FAILED, trial.failed)
    tally(Count.CHALLENGER_MISREAD, trial.misread)
    if trial.failed:
        logger.error("challenger failed", extra={"job": trial.job, "kind": trial.kind})
    now = datetime.now(UTC)
    if trial.failed:
        try_to_change_live(bucket, name, lambda live: live.failed(trial.job, now))
    if misreadings.are_too_many(trial):
        try_to_change_live(bucket, name, lambda live: live.stopped(trial.job, "requests", now))


@app.get("/datasets")
def datasets() -> Response[str]:
    require_own_key()
    return answer(200, datasets_body(*models.list(app.parameters("after").get("after"))))


@app.get("/datasets/{dataset}")
def dataset() -> Response[str]:
    require_own_key()
    now, name = datetime.now(UTC), app.part("dataset")
    live = models.live(name)
    champion = load(name, live.settled(now).champion)()
    body = dataset_body(champion, models.quality(champion), app.language)
    refusal = None if live.on else render(turned_off(name, live), app.language)
    more = {"answers_requests": live.on, "refusal": refusal, "live": live_body(live, now)}
    return answer(200, body | more)


def turned_off(name: str, live: Live) -> Message:
    code = "api.not_served" if live.off_by_settings else "api.undeployed"
    return message(code, dataset=name)


def require_own_key() -> None:
    app.require_key(own_key, "api.key_for_translation")


def wants_reasons(asked: str) -> bool:
    if asked not in ("true", "false"):
        raise BadRequestError("reasons", message("api.true_or_false", field="reasons"))
    return asked == "true"


def not_too_long(response: Response[str]) -> Response[str]:
    if is_too_long(response.body or ""):
        raise TooLargeError(message("api.answer_too_long", bytes=LONGEST_ANSWER))
    return response
