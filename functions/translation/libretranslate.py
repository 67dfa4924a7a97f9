"""LibreTranslate's form of a request, for programs written for it: q in, translatedText out.

https://docs.libretranslate.com/api/operations/translate
"""

from collections.abc import Mapping, Sequence

from api.fields import require_known
from translation.answer import translated_texts
from translation.languages import Spoken, language_name
from translation.request import (
    Limits,
    Request,
    format_of,
    language,
    pair_of,
    refuse_option,
    text_of,
    texts_of,
)
from translation.translate import Translation

MARK = "q"
"""The field that no other form of a request has."""
FIELDS = (MARK, "source", "target", "format", "alternatives", "api_key")


def read_libretranslate(fields: Mapping[str, object], limits: Limits, spoken: Spoken) -> Request:
    """Raises BadRequestError or TooLargeError.

    An api_key may be there, as its clients send it; API Gateway has checked that of the header.
    """
    require_known(fields, FIELDS)
    q = fields.get(MARK)
    queries = texts_of(q, MARK, limits) if isinstance(q, list) else (text_of(q, MARK),)
    written_in = format_of(fields.get("format", "text"))
    # A form has the number as text.
    if repr(fields.get("alternatives", 0)) not in ("0", "'0'"):
        raise refuse_option("alternatives")
    text_of(fields.get("api_key", ""), "api_key")
    source = language(fields.get("source"), "source")
    pair = pair_of(source, language(fields.get("target"), "target"), spoken)
    return Request(queries, pair, format=written_in, min_confidence=limits.confidence)


def libretranslate_body(
    fields: Mapping[str, object], translations: Sequence[Translation]
) -> dict[str, object]:
    """A list for a list; raises BadRequestError if one text has no translation."""
    texts = translated_texts(translations, MARK)
    return {"translatedText": texts if isinstance(fields[MARK], list) else texts[0]}


def libretranslate_languages(spoken: Spoken) -> list[dict[str, object]]:
    """Every language, and into which others it is translated."""
    codes = dict.fromkeys([*spoken.sources(), *spoken.targets()])
    return [
        {"code": code, "name": language_name(code), "targets": list(spoken.targets(code))}
        for code in codes
    ]
