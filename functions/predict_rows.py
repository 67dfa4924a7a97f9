"""Rows come in by HTTP and go out predicted, by the live model of their dataset."""

import os
import time

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import LONGEST_ANSWER, is_too_long
from api.errors import BadRequestError, OtherKeyError, TooLargeError
from aws.http_api import JSON, HttpApi, answer
from aws.kept_requests import keep
from aws.portable_models import LiveModels
from contract.messages import message
from reading.request_rows import CSV
from serving.answer import dataset_body, datasets_body, predictions_body, predictions_csv
from serving.request import read_rows

logger = Logger()
bucket = os.environ["DATASET_BUCKET"]
models = LiveModels(bucket)
own_key = os.environ["PREDICTION_KEY_ID"]
app = HttpApi(logger, os.environ["ALLOWED_ORIGIN"])


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
    asked = parameters("reasons")
    explained, kind = wants_reasons(asked.get("reasons", "false")), app.kind(JSON, CSV)
    if explained and kind == CSV:
        raise BadRequestError("reasons", message("api.reasons_in_csv"))
    live = models.get(app.part("dataset"))
    request = read_rows(app.body, app.header("Content-Type"), live.model, explained)
    answers = live.model.predict(request.rows, points=request.points)
    reasons = live.model.reasons(request.rows, points=request.points) if explained else None
    seconds = time.monotonic() - began
    said = {"job": live.listed.job, "rows": request.size, "milliseconds": round(seconds * 1000)}
    logger.info("predicted", extra=said)
    keep(bucket, live, request, app.request_id)
    if kind == CSV:
        return not_too_long(answer(200, predictions_csv(live, answers), CSV))
    return not_too_long(answer(200, predictions_body(live, answers, reasons, app.language)))


@app.get("/datasets")
def datasets() -> Response[str]:
    require_own_key()
    return answer(200, datasets_body(*models.list(parameters("after").get("after"))))


@app.get("/datasets/{dataset}")
def dataset() -> Response[str]:
    require_own_key()
    live = models.get(app.part("dataset"))
    return answer(200, dataset_body(live, models.score(live)))


def require_own_key() -> None:
    """`sam local` knows no keys."""
    if app.key_id not in (own_key, None):
        raise OtherKeyError(message("api.key_for_translation"))


def parameters(*known: str) -> dict[str, str]:
    """Those of the query; a misspelled one would be passed over without a word."""
    given = app.current_event.query_string_parameters
    for name in given:
        if name not in known:
            raise BadRequestError(name, message("api.unknown_field", field=name, known=known))
    return given


def wants_reasons(asked: str) -> bool:
    if asked not in ("true", "false"):
        raise BadRequestError("reasons", message("api.true_or_false", field="reasons"))
    return asked == "true"


def not_too_long(response: Response[str]) -> Response[str]:
    if is_too_long(response.body or ""):
        raise TooLargeError(message("api.answer_too_long", bytes=LONGEST_ANSWER))
    return response
