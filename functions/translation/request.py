"""What a caller asks for: read from JSON, refused with the name of the field that is wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api.errors import BadRequestError, TooLargeError
from contract.messages import message
from translation.languages import AUTO, Pair, is_code

KNOWN_FIELDS = ("sentences", "text", "source", "target", "glossary")
MOST_TERMS = 500
EXAMPLE, QUERY_EXAMPLE = '{"text": "Hello"}', '{"query": "Hello"}'


@dataclass(frozen=True)
class Limits:
    """How much one request may hold."""

    sentences: int
    bytes: int
    """Of the whole request, in UTF-8."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Limits":
        # CloudFormation has no whole numbers: a parameter of the type Number may be 10.5.
        return cls(int(float(environ["MAX_SENTENCES"])), int(float(environ["MAX_REQUEST_BYTES"])))


@dataclass(frozen=True)
class Request:
    """Texts to translate, in order."""

    queries: tuple[str, ...]
    pair: Pair
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Term in the source text → what it must be in the translation."""


def read_request(body: str, limits: Limits, default: Pair) -> Request:
    """Raises BadRequestError or TooLargeError with a message for the caller."""
    if len(body.encode(errors="surrogatepass")) > limits.bytes:
        raise TooLargeError(message("api.too_many_bytes", bytes=limits.bytes))
    content = _object(body)
    for name in content:
        if name not in KNOWN_FIELDS:
            raise BadRequestError(
                name, message("api.unknown_field", field=name, known=KNOWN_FIELDS)
            )
    queries = _queries(content)
    if len(queries) > limits.sentences:
        raise TooLargeError(
            message("api.too_many_sentences", number=len(queries), most=limits.sentences)
        )
    return Request(queries, _pair(content, default), _glossary(content))


def _object(body: str) -> dict[str, object]:
    if not body.strip():
        raise BadRequestError("body", message("api.empty", example=EXAMPLE))
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("body", message("api.not_json", example=EXAMPLE)) from error
    if not isinstance(content, dict):
        raise BadRequestError("body", message("api.not_object", known=KNOWN_FIELDS))
    return content


def _queries(content: dict[str, object]) -> tuple[str, ...]:
    if "text" in content and "sentences" in content:
        raise BadRequestError("text", message("api.text_or_sentences"))
    if "text" in content:
        return (_text(content["text"], "text"),)
    sentences = content.get("sentences")
    if not isinstance(sentences, list) or not sentences:
        raise BadRequestError("sentences", message("api.sentences", example=f"[{QUERY_EXAMPLE}]"))
    return tuple(_query(sentence, at) for at, sentence in enumerate(sentences))


def _query(sentence: object, at: int) -> str:
    name = f"sentences[{at}]"
    if not isinstance(sentence, dict) or "query" not in sentence:
        raise BadRequestError(name, message("api.query", field=name, example=QUERY_EXAMPLE))
    return _text(sentence["query"], f"{name}.query")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(name, message("api.not_string", field=name))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(name, message("api.surrogate", field=name)) from error
    return value


def _pair(content: dict[str, object], default: Pair) -> Pair:
    codes = []
    for name, usual in (("source", default.source), ("target", default.target)):
        code = content.get(name, usual)
        if not isinstance(code, str) or not is_code(code):
            raise BadRequestError(name, message("api.language_code", field=name))
        codes.append(code)
    if codes[1] == AUTO:
        raise BadRequestError("target", message("api.target_auto"))
    if codes[0] == codes[1]:
        raise BadRequestError("target", message("api.same_language", code=codes[1]))
    return Pair(*codes)


def _glossary(content: dict[str, object]) -> dict[str, str]:
    glossary: Any = content.get("glossary", {})
    fits = isinstance(glossary, dict) and len(glossary) <= MOST_TERMS
    if not fits or not all(key.strip() and isinstance(v, str) for key, v in glossary.items()):
        raise BadRequestError(
            "glossary",
            message("api.glossary", example='{"cloud": "Cloud"}', most=MOST_TERMS),
        )
    for term, translation in glossary.items():
        _text(term, "glossary")
        _text(translation, f"glossary.{term}")
    return dict(glossary)
