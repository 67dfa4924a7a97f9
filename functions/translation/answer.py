"""What callers get back: bodies, headers, and the description of the API."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contract.bounds import LANGUAGES
from contract.messages import ENGLISH, Message, render
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
MOST_LANGUAGES = 20
# Other codes for Chinese in traditional characters.
ALIASES = {"zh-TW": ("zh-hant", "zh-hant-tw", "zh-hk")}
OPENAPI = Path(__file__).with_name("openapi.json")


def translations_body(
    request: Request, translations: Sequence[Translation], seq2seq: bool, language: str = ENGLISH
) -> dict[str, object]:
    """One entry per sentence, in order; `seq2seq` for the form of SageMaker's own endpoint."""
    if seq2seq:
        return {"predictions": [_prediction(one, language) for one in translations]}
    return {
        "translations": [_entry(one, language) for one in translations],
        "source": request.pair.source,
        "target": request.pair.target,
    }


def error_body(error: TranslationError, language: str = ENGLISH) -> dict[str, str]:
    """`error` in words, its `code` and, where one is to blame, the `field`."""
    field = getattr(error, "field", None)
    return message_body(error.message, language) | ({"field": field} if field else {})


def message_body(message: Message, language: str = ENGLISH) -> dict[str, str]:
    return {"error": render(message, language), "code": message.code}


def preferred_language(accept_language: str | None) -> str:
    """The first language of an Accept-Language header that has a catalogue; else English.

    `ko-KR,ko;q=0.9` is Korean; weights are not compared, for browsers send them in order.
    """
    for part in (accept_language or "").split(",")[:MOST_LANGUAGES]:
        code = part.partition(";")[0].strip().lower()
        for language in LANGUAGES:
            if code in (language.lower(), *ALIASES.get(language, ())) or (
                code.partition("-")[0] == language
            ):
                return language
    return ENGLISH


def languages_body(pairs: Sequence[Pair], speaks_all: bool, limits: Limits) -> dict[str, object]:
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


def _entry(translation: Translation, language: str) -> dict[str, str]:
    entry = {"query": translation.query, "engine": translation.engine}
    if translation.translation is None:
        return {**entry, "error": _error(translation, language)}
    return {**entry, "translation": translation.translation}


def _prediction(translation: Translation, language: str) -> dict[str, str]:
    if translation.translation is None:
        return {"target": "", "error": _error(translation, language)}
    return {"target": translation.translation}


def _error(translation: Translation, language: str) -> str:
    return render(translation.error, language) if translation.error else ""
