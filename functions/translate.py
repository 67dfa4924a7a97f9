"""Texts come in by HTTP and go out translated."""

import os
import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from api.errors import BadRequestError, OtherKeyError
from aws.engines import engines_from_environ
from aws.http_api import JSON, HttpApi, answer
from contract.messages import message
from translation import deepl
from translation.answer import SEQ2SEQ, languages_body, openapi_document, translations_body
from translation.languages import Spoken, listed, parse_pairs
from translation.libretranslate import (
    MARK,
    libretranslate_body,
    libretranslate_languages,
    read_libretranslate,
)
from translation.request import Limits, Request, read_fields, read_request
from translation.second_opinion import with_second_opinion
from translation.translate import Translation, translate_all

logger = Logger()
limits = Limits.from_environ(os.environ)
pairs = parse_pairs(os.environ["TRANSLATOR_PAIRS"])
# The API Gateway waits 29 seconds for all of it.
engines = engines_from_environ(os.environ, patience_seconds=20)
spoken = Spoken(pairs, any(engine.name == "amazon-translate" for engine in engines))
pay_while_warming_up = os.environ["FALLBACK_WHILE_STARTING"] == "true"
pay_when_unsure = os.environ["FALLBACK_WHEN_UNSURE"] == "true"
other_keys = {
    os.environ["PREDICTION_KEY_ID"]: "api.key_for_predictions",
    os.environ["DATASETS_KEY_ID"]: "api.key_for_datasets",
}
app = HttpApi(logger, os.environ["ALLOWED_ORIGIN"], says_message=deepl.PATH)


@logger.inject_lambda_context(
    clear_state=True, correlation_id_path=correlation_paths.API_GATEWAY_REST
)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One HTTP request, as API Gateway hands it over."""
    return app.resolve(event, context)


@app.post("/translate")
def translate() -> Response[str]:
    require_own_key()
    fields = read_fields(app.body, limits, app.header("Content-Type"))
    if MARK in fields:
        return _as_libretranslate(fields)
    request = read_request(fields, limits, spoken)
    translations = _translated(request)
    kind = app.kind(JSON, SEQ2SEQ)
    content = translations_body(request, translations, kind == SEQ2SEQ, app.language)
    return answer(200, content, kind)


@app.post("/libretranslate/translate")
def libretranslate() -> Response[str]:
    require_own_key()
    return _as_libretranslate(read_fields(app.body, limits, app.header("Content-Type")))


@app.get("/libretranslate/languages")
def languages_for_libretranslate() -> Response[str]:
    return answer(200, libretranslate_languages(spoken))


@app.post("/v2/translate")
def translate_as_deepl() -> Response[str]:
    require_own_key()
    fields = read_fields(app.body, limits, app.header("Content-Type"))
    request = deepl.read_deepl(fields, limits, spoken)
    return answer(200, deepl.deepl_body(fields, request, _translated(request)))


@app.get("/v2/languages")
def languages_for_deepl() -> Response[str]:
    require_own_key()
    query = app.current_event.query_string_parameters
    kind = deepl.read_kind(query, app.body, app.header("Content-Type"), limits)
    return answer(200, deepl.deepl_languages(spoken, kind))


@app.get("/languages")
def languages() -> Response[str]:
    return answer(200, languages_body(pairs, spoken.others, limits))


@app.get("/openapi.json")
def openapi() -> Response[str]:
    return answer(200, openapi_document(limits))


def require_own_key() -> None:
    if app.key_id in other_keys:
        raise OtherKeyError(message(other_keys[app.key_id]))


def _as_libretranslate(fields: Mapping[str, object]) -> Response[str]:
    translations = _translated(read_libretranslate(fields, limits, spoken))
    return answer(200, libretranslate_body(fields, translations))


def _translated(request: Request) -> list[Translation]:
    began = time.monotonic()
    _require_spoken(request)
    translations = translate_all(request, engines, pay_while_warming_up)
    if pay_when_unsure:
        translations = with_second_opinion(request, translations, engines)
    _log(request, translations, time.monotonic() - began)
    return translations


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
            "unsure": sum(translation.doubt is not None for translation in translations),
            "failed": sum(translation.error is not None for translation in translations),
            "engine": translations[0].engine,
            "milliseconds": round(seconds * 1000),
        },
    )
