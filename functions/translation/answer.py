"""What callers of the translator get back: bodies, and the description of the API."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from api.errors import BadRequestError
from contract.messages import ENGLISH, render
from translation.languages import Pair
from translation.request import Limits, Request
from translation.translate import LOST, Translation

SEQ2SEQ = "application/vnd.seq2seq+json"
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


def languages_body(pairs: Sequence[Pair], speaks_all: bool, limits: Limits) -> dict[str, object]:
    return {
        "pairs": [{"source": pair.source, "target": pair.target} for pair in pairs],
        "others": speaks_all,
        "max_sentences": limits.sentences,
        "max_bytes": limits.bytes,
    }


def translated_texts(translations: Sequence[Translation], field: str) -> list[str]:
    """For forms that have no place for an error beside a text.

    Raises BadRequestError that names the first text without a translation, counted from 0 where
    there are several.
    """
    texts = []
    for at, one in enumerate(translations):
        if one.translation is None:
            name = f"{field}[{at}]" if len(translations) > 1 else field
            raise BadRequestError(name, one.error or LOST)
        texts.append(one.translation)
    return texts


def openapi_document(limits: Limits) -> dict[str, Any]:
    """The OpenAPI 3.1 description with the limits of this stack in it."""
    document: dict[str, Any] = json.loads(OPENAPI.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    schemas["Sentences"]["properties"]["sentences"]["maxItems"] = limits.sentences
    schemas["Texts"]["maxItems"] = limits.sentences
    return document


def _entry(translation: Translation, language: str) -> dict[str, object]:
    entry: dict[str, object] = {"query": translation.query, "engine": translation.engine}
    if translation.translation is None:
        return {**entry, "error": _error(translation, language)}
    sure = {} if translation.confidence is None else {"confidence": translation.confidence}
    return {
        **entry,
        "translation": translation.translation,
        **sure,
        **_doubt(translation, language),
    }


def _doubt(translation: Translation, language: str) -> dict[str, object]:
    if translation.doubt is None:
        return {}
    return {"unsure": True, "reason": render(translation.doubt, language)}


def _prediction(translation: Translation, language: str) -> dict[str, str]:
    if translation.translation is None:
        return {"target": "", "error": _error(translation, language)}
    return {"target": translation.translation}


def _error(translation: Translation, language: str) -> str:
    return render(translation.error, language) if translation.error else ""
