"""What callers get back: bodies, headers, and the description of the API."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from translation.errors import TranslationError
from translation.languages import Pair
from translation.request import Limits, Request
from translation.translate import Translation

SEQ2SEQ = "application/vnd.seq2seq+json"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
PAGE_HEADERS = {
    **HEADERS,
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
OPENAPI = Path(__file__).with_name("openapi.json")


def translations_body(
    request: Request, translations: Sequence[Translation], seq2seq: bool
) -> dict[str, Any]:
    """One entry per sentence, in order; `seq2seq` for the form of SageMaker's own endpoint."""
    if seq2seq:
        return {"predictions": [_prediction(translation) for translation in translations]}
    return {
        "translations": [_entry(translation) for translation in translations],
        "source": request.pair.source,
        "target": request.pair.target,
    }


def error_body(error: TranslationError) -> dict[str, str]:
    """`error` in words and, where one is to blame, the `field`."""
    field = getattr(error, "field", None)
    return {"error": str(error)} | ({"field": field} if field else {})


def languages_body(pairs: Sequence[Pair], speaks_all: bool, limits: Limits) -> dict[str, Any]:
    return {
        "pairs": [{"source": pair.source, "target": pair.target} for pair in pairs],
        "others": speaks_all,
        "max_sentences": limits.sentences,
        "max_bytes": limits.bytes,
    }


def openapi_document(limits: Limits) -> dict[str, Any]:
    """The OpenAPI 3.1 description with the limits of this stack in it."""
    document: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    schemas["Sentences"]["properties"]["sentences"]["maxItems"] = limits.sentences
    return document


def _entry(translation: Translation) -> dict[str, str]:
    entry = {"query": translation.query, "engine": translation.engine}
    if translation.translation is None:
        return {**entry, "error": translation.error or ""}
    return {**entry, "translation": translation.translation}


def _prediction(translation: Translation) -> dict[str, str]:
    if translation.translation is None:
        return {"target": "", "error": translation.error or ""}
    return {"target": translation.translation}
