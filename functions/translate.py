"""Texts come in by HTTP and go out translated; GET / is the page for people."""

import mimetypes
import os
import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.answer import PAGE_HEADERS
from api.errors import BadRequestError, NotFoundError, OtherKeyError
from aws.engines import engines_from_environ
from aws.http_api import JSON, HttpApi, answer
from contract.messages import message
from translation.answer import SEQ2SEQ, languages_body, openapi_document, translations_body
from translation.languages import listed, parse_pairs
from translation.request import Limits, Request, read_request
from translation.translate import Translation, translate_all

logger = Logger()
limits = Limits.from_environ(os.environ)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
page = Path(os.environ["PAGE_DIR"])
page_parts = {path.name for path in page.iterdir() if path.suffix in (".css", ".js")}
# The API Gateway waits 29 seconds for all of it.
engines = engines_from_environ(os.environ, patience_seconds=20)
pay_while_warming_up = os.environ["FALLBACK_WHILE_STARTING"] == "true"
key_for_predictions = os.environ["PREDICTION_KEY_ID"]
app = HttpApi(logger, os.environ["ALLOWED_ORIGIN"])


@logger.inject_lambda_context(
    clear_state=True, correlation_id_path=correlation_paths.API_GATEWAY_REST
)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request, as API Gateway hands it over."""
    return app.resolve(event, context)


@app.post("/translate")
def translate() -> Response[str]:
    began = time.monotonic()
    require_own_key()
    request = read_request(app.body, limits, default=pairs[0])
    _require_spoken(request)
    translations = translate_all(request, engines, pay_while_warming_up)
    _log(request, translations, time.monotonic() - began)
    kind = app.kind(JSON, SEQ2SEQ)
    content = translations_body(request, translations, kind == SEQ2SEQ, app.language)
    return answer(200, content, kind)


@app.get("/languages")
def languages() -> Response[str]:
    speaks_all = any(engine.name == "amazon-translate" for engine in engines)
    return answer(200, languages_body(pairs, speaks_all, limits))


@app.get("/openapi.json")
def openapi() -> Response[str]:
    return answer(200, openapi_document(limits))


@app.get("/")
def page_itself() -> Response[str]:
    return _file("index.html")


@app.get("/page/<name>")
def page_part(name: str) -> Response[str]:
    if name not in page_parts:
        raise NotFoundError(message("api.not_found"))
    return _file(name)


def require_own_key() -> None:
    if app.key_id == key_for_predictions:
        raise OtherKeyError(message("api.key_for_predictions"))


def _require_spoken(request: Request) -> None:
    if not any(engine.speaks(request.pair) for engine in engines):
        raise BadRequestError(
            "target",
            message(
                "api.no_translator",
                source=request.pair.source,
                into=request.pair.target,
                pairs=listed(pairs),
            ),
        )


def _log(request: Request, translations: list[Translation], seconds: float) -> None:
    logger.info(
        "translated",
        extra={
            "pair": str(request.pair),
            "sentences": len(translations),
            "failed": sum(translation.error is not None for translation in translations),
            "engine": translations[0].engine,
            "milliseconds": round(seconds * 1000),
        },
    )


def _file(name: str) -> Response[str]:
    kind = mimetypes.guess_type(name)[0]
    text = (page / name).read_text(encoding="utf-8")
    return Response(200, f"{kind}; charset=utf-8", text, headers=dict(PAGE_HEADERS))
