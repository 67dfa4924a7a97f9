"""DeepL's form of a request, for programs written for it: a list of texts in, translations out.

https://developers.deepl.com/docs/api-reference/translate
"""

from collections.abc import Mapping, Sequence

from api.errors import BadRequestError
from contract.messages import message
from translation.answer import translated_texts
from translation.formats import Format
from translation.languages import AUTO, Spoken, language_name
from translation.price import ENGINES, FREE
from translation.request import (
    Limits,
    Request,
    format_of,
    is_form,
    language,
    pair_of,
    read_fields,
    refuse_option,
    texts_of,
)
from translation.translate import Translation

PATH = "/v2/"
FIELDS = ("text", "source_lang", "target_lang", "show_billed_characters")
TAGS: tuple[Format, ...] = ("html", "xml")
# Values that are acted on, ask for nothing, or only where it can be had; those of forms are texts.
TAKEN: Mapping[str, Sequence[object]] = {
    "tag_handling": TAGS,
    "formality": ("default", "prefer_more", "prefer_less"),
    "split_sentences": ("1",),
    "preserve_formatting": (False, "0", "false"),
}
TRUE, FALSE = (True, "1", "true"), (False, "0", "false")
KINDS = ("source", "target")
# Variants that DeepL has of a language in place of the language itself.
VARIANTS = {"en": ("EN-GB", "EN-US"), "pt": ("PT-BR", "PT-PT"), "zh-TW": ("ZH-HANT",)}


def read_deepl(fields: Mapping[str, object], limits: Limits, spoken: Spoken) -> Request:
    """Raises BadRequestError or TooLargeError, also for what DeepL can do and this cannot."""
    for name, value in fields.items():
        if name not in FIELDS and not _is_one(value, TAKEN.get(name, ())):
            raise refuse_option(name)
    if not _is_one(fields.get("show_billed_characters", False), TRUE + FALSE):
        raise refuse_option("show_billed_characters")
    text = fields.get("text")
    queries = texts_of([text] if isinstance(text, str) else text, "text", limits)
    source = language(fields.get("source_lang", AUTO), "source_lang")
    pair = pair_of(source, language(fields.get("target_lang"), "target_lang"), spoken)
    written_in = format_of(fields.get("tag_handling", "text"))
    return Request(queries, pair, format=written_in, min_confidence=limits.confidence)


def deepl_body(
    fields: Mapping[str, object], request: Request, translations: Sequence[Translation]
) -> dict[str, object]:
    """One entry per text, in order; raises BadRequestError if one has no translation.

    Which language Amazon Translate has detected is not known here, so that it is left out.
    """
    source = request.pair.source
    detected = {} if source == AUTO else {"detected_source_language": _base(source)}
    bills = _is_one(fields.get("show_billed_characters"), TRUE)
    return {
        "translations": [
            detected | {"text": text} | ({"billed_characters": _billed(one)} if bills else {})
            for one, text in zip(translations, translated_texts(translations, "text"), strict=True)
        ]
    }


def read_kind(query: Mapping[str, str], body: str, content_type: str, limits: Limits) -> str:
    """Which languages are asked for: `source` or `target`; raises BadRequestError.

    DeepL's own client sends the type in the body of a GET, which not every gateway hands over.
    """
    given: dict[str, object] = {**query}
    if is_form(content_type):
        given |= read_fields(body, limits, content_type)
    kind = given.pop("type", KINDS[0])
    if given or kind not in KINDS:
        raise BadRequestError("type", message("api.type", kinds=KINDS))
    return str(kind)


def deepl_languages(spoken: Spoken, kind: str) -> list[dict[str, object]]:
    """The languages from which, or into which, the stack translates."""
    if kind == KINDS[0]:
        sources = dict.fromkeys(code.upper() for code in spoken.sources())
        return [{"language": code, "name": language_name(code)} for code in sources]
    targets = {
        written: language_name(code)
        for code in spoken.targets()
        for written in VARIANTS.get(code, (code.upper(),))
    }
    return [
        {"language": code, "name": name, "supports_formality": False}
        for code, name in targets.items()
    ]


def _is_one(value: object, values: Sequence[object]) -> bool:
    """Whether it is one of them, and of its type: 0 is not false."""
    return any(type(value) is type(one) and value == one for one in values)


def _billed(translation: Translation) -> int:
    """The characters that the engine is paid for."""
    paid = ENGINES.get(translation.engine, FREE).per_character
    return len(translation.query) if paid else 0


def _base(code: str) -> str:
    return code.partition("-")[0].upper()
