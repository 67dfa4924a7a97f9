"""Rows come in by HTTP and go out predicted, by the live model of their dataset."""

import json
import os
import time

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import HEADERS, error_body, message_body, preferred_language
from api.errors import ApiError, BadRequestError, OtherKeyError, TooLargeError
from aws.portable_models import LiveModels
from contract.messages import message
from reading.request_rows import CSV
from serving.answer import dataset_body, datasets_body, predictions_body, predictions_csv
from serving.request import read_rows

logger = Logger()
models = LiveModels(os.environ["DATASET_BUCKET"])
own_key = os.environ["PREDICTION_KEY_ID"]
origin = os.environ["ALLOWED_ORIGIN"]
cors = (
    CORSConfig(allow_origin=origin, allow_headers=["Content-Type", "X-Api-Key"], max_age=3600)
    if origin
    else None
)
app = APIGatewayRestResolver(cors=cors)
# Lambda hands over 6 MB at most.
LONGEST_ANSWER = 5_500_000


@logger.inject_lambda_context(
    clear_state=True, correlation_id_path=correlation_paths.API_GATEWAY_REST
)
def lambda_handler(event: dict[str, object], context: LambdaContext) -> dict[str, object]:
    """One HTTP request, as API Gateway hands it over."""
    return app.resolve(event, context)


@app.post("/predict/<dataset>")
def predict(dataset: str) -> Response[str]:
    began = time.monotonic()
    require_own_key()
    live = models.get(asked_for())
    require_parameters("reasons")
    explained = wants_reasons()
    request = read_rows(body(), header("Content-Type"), live.model, explained)
    answers = live.model.predict(request.rows, points=request.points)
    reasons = live.model.reasons(request.rows, points=request.points) if explained else None
    seconds = time.monotonic() - began
    said = {"job": live.listed.job, "rows": request.size, "milliseconds": round(seconds * 1000)}
    logger.info("predicted", extra=said)
    if CSV in header("Accept"):
        return answer(200, predictions_csv(live, answers), CSV)
    return answer(200, predictions_body(live, answers, reasons, language()))


@app.get("/datasets")
def datasets() -> Response[str]:
    require_own_key()
    return answer(
        200, datasets_body(*models.list(app.current_event.get_query_string_value("after")))
    )


@app.get("/datasets/<dataset>")
def dataset(dataset: str) -> Response[str]:
    require_own_key()
    live = models.get(asked_for())
    return answer(200, dataset_body(live, models.measured(live)))


@app.exception_handler(ApiError)  # type: ignore[untyped-decorator]
def refuse(error: ApiError) -> Response[str]:
    logger.info("refused", extra={"status": error.status, "kind": type(error).__name__})
    return answer(error.status, error_body(error, language()))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def broken(error: Exception) -> Response[str]:
    # Only the type: the text of an unforeseen error may quote the caller's rows.
    logger.error("broken", extra={"kind": type(error).__name__})
    return answer(500, message_body(message("api.broken"), language()))


@app.not_found
def not_found(_: Exception) -> Response[str]:
    return answer(404, message_body(message("api.not_found"), language()))


def require_own_key() -> None:
    """API Gateway has checked that it is a key of this API; `sam local` knows no keys."""
    if app.current_event.request_context.identity.api_key_id not in (own_key, None):
        raise OtherKeyError(message("api.key_for_translation"))


def asked_for() -> str:
    """The name of a dataset; a path's last slash is lost on powertools, and may be part of it."""
    return app.current_event.path_parameters["dataset"]


def require_parameters(*known: str) -> None:
    """A misspelled parameter would be passed over without a word."""
    for name in app.current_event.query_string_parameters:
        if name not in known:
            raise BadRequestError(name, message("api.unknown_field", field=name, known=known))


def wants_reasons() -> bool:
    asked = app.current_event.query_string_parameters.get("reasons", "false")
    if asked not in ("true", "false"):
        raise BadRequestError("reasons", message("api.true_or_false", field="reasons"))
    return asked == "true"


def body() -> str:
    return app.current_event.decoded_body or ""


def header(name: str) -> str:
    return app.current_event.headers.get(name) or ""


def language() -> str:
    """That of the answer's own sentences: what the caller asks for."""
    return preferred_language(header("Accept-Language"))


def answer(status: int, content: object, kind: str = "application/json") -> Response[str]:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    if len(text.encode()) > LONGEST_ANSWER:
        raise TooLargeError(message("api.answer_too_long", bytes=LONGEST_ANSWER))
    return Response(status, kind, text, headers=dict(HEADERS))
