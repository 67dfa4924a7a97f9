"""What a caller asks for: read from JSON, refused with the name of the field that is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from api.errors import BadRequestError, TooLargeError
from api.fields import json_object, require_known
from contract.messages import message
from translation.formats import FORMATS, Format
from translation.languages import AUTO, Pair, Spoken, read_code

KNOWN_FIELDS = ("sentences", "text", "source", "target", "glossary", "format", "min_confidence")
MOST_TERMS = 500
FORM = "application/x-www-form-urlencoded"
# Fields of a form besides its texts.
MOST_OPTIONS = 50
EXAMPLE, QUERY_EXAMPLE = '{"text": "Hello"}', '{"query": "Hello"}'


@dataclass(frozen=True)
class Limits:
    """How much one request may hold."""

    sentences: int
    bytes: int
    """Of the whole request, in UTF-8."""
    confidence: float = 0.0
    """Below it, a translation is unsure unless a request says otherwise."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Limits":
        # CloudFormation has no whole numbers: a parameter of the type Number may be 10.5.
        return cls(
            int(float(environ["MAX_SENTENCES"])),
            int(float(environ["MAX_REQUEST_BYTES"])),
            float(environ["MIN_CONFIDENCE"]),
        )


@dataclass(frozen=True)
class Request:
    """Texts to translate, in order."""

    queries: tuple[str, ...]
    pair: Pair
    glossary: Mapping[str, str] = field(default_factory=dict)
    """Term in the source text → what it must be in the translation."""
    format: Format = "text"
    """What the texts are written in."""
    min_confidence: float = 0.0
    """Below it, a translation is unsure."""


def read_fields(body: str, limits: Limits, content_type: str = "") -> dict[str, object]:
    """The JSON object of a body, or the fields of a form: name → its text, or texts.

    Raises BadRequestError or TooLargeError.
    """
    if len(body.encode(errors="surrogatepass")) > limits.bytes:
        raise TooLargeError(message("api.too_many_bytes", bytes=limits.bytes))
    if is_form(content_type) and _looks_so(body):
        return _form(body, limits)
    return json_object(body, EXAMPLE, KNOWN_FIELDS)


def read_request(content: Mapping[str, object], limits: Limits, spoken: Spoken) -> Request:
    """Raises BadRequestError or TooLargeError with a message for the caller."""
    require_known(content, KNOWN_FIELDS)
    queries = within(_queries(content), limits)
    first = spoken.pairs[0]
    source = language(content.get("source", first.source), "source")
    target = language(content.get("target", first.target), "target")
    return Request(
        queries,
        pair_of(source, target, spoken),
        _glossary(content),
        format_of(content.get("format", "text")),
        _confidence(content.get("min_confidence", limits.confidence)),
    )


def within(queries: tuple[str, ...], limits: Limits) -> tuple[str, ...]:
    """The same texts; raises TooLargeError."""
    if len(queries) > limits.sentences:
        raise TooLargeError(
            message("api.too_many_sentences", number=len(queries), most=limits.sentences)
        )
    return queries


def language(code: object, field_name: str) -> str:
    """The code as the stack writes it; raises BadRequestError."""
    read = read_code(code) if isinstance(code, str) else None
    if read is None:
        raise BadRequestError(field_name, message("api.language_code", field=field_name))
    return read


def pair_of(source: str, target: str, spoken: Spoken) -> Pair:
    """The pair of two codes that `language` has read; raises BadRequestError."""
    if target == AUTO:
        raise BadRequestError("target", message("api.target_auto"))
    return spoken.pair(source, target)


def texts_of(value: object, name: str, limits: Limits) -> tuple[str, ...]:
    """The texts in a field that is a list of them; raises BadRequestError or TooLargeError."""
    if not isinstance(value, list) or not value:
        raise BadRequestError(name, message("api.texts", field=name))
    return within(tuple(text_of(one, f"{name}[{at}]") for at, one in enumerate(value)), limits)


def format_of(value: object) -> Format:
    """What the texts are written in; raises BadRequestError."""
    for one in FORMATS:
        if one == value:
            return one
    raise BadRequestError("format", message("api.format", formats=FORMATS))


def refuse_option(name: str) -> BadRequestError:
    """What to raise for a value that the stack does not act on."""
    return BadRequestError(name, message("api.option", field=name))


def is_form(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == FORM


def _looks_so(body: str) -> bool:
    """Whether it is a form, and not JSON that curl calls one."""
    return "=" in body and not body.lstrip().startswith(("{", "[", '"'))


def _form(body: str, limits: Limits) -> dict[str, object]:
    try:
        fields = parse_qs(
            body,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=limits.sentences + MOST_OPTIONS,
        )
    except UnicodeDecodeError as error:
        raise BadRequestError("body", message("api.form")) from error
    except ValueError as error:
        raise TooLargeError(message("api.too_many_fields", most=limits.sentences)) from error
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in fields.items()}


def _queries(content: Mapping[str, object]) -> tuple[str, ...]:
    if "text" in content and "sentences" in content:
        raise BadRequestError("text", message("api.text_or_sentences"))
    if "text" in content:
        return (text_of(content["text"], "text"),)
    sentences = content.get("sentences")
    if not isinstance(sentences, list) or not sentences:
        raise BadRequestError("sentences", message("api.sentences", example=f"[{QUERY_EXAMPLE}]"))
    return tuple(_query(sentence, at) for at, sentence in enumerate(sentences))


def _query(sentence: object, at: int) -> str:
    name = f"sentences[{at}]"
    if not isinstance(sentence, dict) or "query" not in sentence:
        raise BadRequestError(name, message("api.query", field=name, example=QUERY_EXAMPLE))
    return text_of(sentence["query"], f"{name}.query")


def text_of(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequestError(name, message("api.not_string", field=name))
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadRequestError(name, message("api.surrogate", field=name)) from error
    return value


def _confidence(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= float(str(value)) <= 1:
        raise BadRequestError("min_confidence", message("api.min_confidence"))
    return float(str(value))


def _glossary(content: Mapping[str, object]) -> dict[str, str]:
    glossary: Any = content.get("glossary", {})
    fits = isinstance(glossary, dict) and len(glossary) <= MOST_TERMS
    if not fits or not all(key.strip() and isinstance(v, str) for key, v in glossary.items()):
        raise BadRequestError(
            "glossary",
            message("api.glossary", example='{"cloud": "Cloud"}', most=MOST_TERMS),
        )
    for term, translation in glossary.items():
        text_of(term, "glossary")
        text_of(translation, f"glossary.{term}")
    return dict(glossary)
