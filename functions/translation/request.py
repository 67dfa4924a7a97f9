"""What a caller asks for: read from JSON, refused with the name of the field that is wrong."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from translation.errors import BadRequestError, TooLargeError
from translation.languages import AUTO, Pair, is_code

KNOWN_FIELDS = ("sentences", "text", "source", "target", "glossary")
MOST_TERMS = 500


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
    """Raises BadRequestError or TooLargeError with a sentence for the caller."""
    if len(body.encode(errors="surrogatepass")) > limits.bytes:
        raise TooLargeError(
            f"The request is larger than {limits.bytes:,} bytes; send it in smaller parts."
        )
    content = _object(body)
    for name in content:
        if name not in KNOWN_FIELDS:
            raise BadRequestError(name, f"There is no field {name!r}; {_known()}.")
    queries = _queries(content)
    if len(queries) > limits.sentences:
        raise TooLargeError(
            f"The request holds {len(queries):,} sentences; at most {limits.sentences:,} fit into "
            "one request. Send it in smaller parts."
        )
    return Request(queries, _pair(content, default), _glossary(content))


def _object(body: str) -> dict[str, Any]:
    if not body.strip():
        raise BadRequestError("body", 'The request is empty; send JSON such as {"text": "Hello"}.')
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(
            "body", 'The request is not JSON; send something like {"text": "Hello"}.'
        ) from error
    if not isinstance(content, dict):
        raise BadRequestError("body", f"The request must be a JSON object; {_known()}.")
    return content


def _queries(content: dict[str, Any]) -> tuple[str, ...]:
    if "text" in content and "sentences" in content:
        raise BadRequestError("text", "Send either text or sentences, not both.")
    if "text" in content:
        return (_text(content["text"], "text"),)
    sentences = content.get("sentences")
    if not isinstance(sentences, list) or not sentences:
        raise BadRequestError(
            "sentences", 'sentences must be a list such as [{"query": "Hello"}], or send text.'
        )
    return tuple(_query(sentence, at) for at, sentence in enumerate(sentences))


def _query(sentence: object, at: int) -> str:
    name = f"sentences[{at}]"
    if not isinstance(sentence, dict) or "query" not in sentence:
        raise BadRequestError(name, f'{name} must be an object such as {{"query": "Hello"}}.')
    return _text(sentence["query"], f"{name}.query")


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(name, f"{name} must be a string.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(name, f"{name} holds half of a character (a surrogate).") from error
    return value


def _pair(content: dict[str, Any], default: Pair) -> Pair:
    codes = []
    for name, usual in (("source", default.source), ("target", default.target)):
        code = content.get(name, usual)
        if not isinstance(code, str) or not is_code(code):
            raise BadRequestError(name, f"{name} must be a language code such as en, de or zh-TW.")
        codes.append(code)
    if codes[1] == AUTO:
        raise BadRequestError("target", "target cannot be auto; say which language you want.")
    if codes[0] == codes[1]:
        raise BadRequestError("target", f"source and target are the same language, {codes[1]}.")
    return Pair(*codes)


def _glossary(content: dict[str, Any]) -> dict[str, str]:
    glossary: dict[str, str] = content.get("glossary", {})
    fits = isinstance(glossary, dict) and len(glossary) <= MOST_TERMS
    if not fits or not all(key.strip() and isinstance(v, str) for key, v in glossary.items()):
        raise BadRequestError(
            "glossary",
            'glossary must be an object of terms and their translations, such as {"cloud": '
            f'"Cloud"}}, with at most {MOST_TERMS} terms.',
        )
    for term, translation in glossary.items():
        _text(term, "glossary")
        _text(translation, f"glossary.{term}")
    return glossary


def _known() -> str:
    return f"known are {', '.join(KNOWN_FIELDS)}"
