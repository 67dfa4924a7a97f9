"""What every answer has: headers, a kind, and errors in the caller's language."""

import json
import math
from collections.abc import Mapping, Sequence

from api.errors import ApiError
from contract.bounds import LANGUAGES
from contract.messages import ENGLISH, Message, render

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=63072000",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
# {more} is where else the page may send something.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'{more}; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
MOST_LANGUAGES = MOST_KINDS = 20
# Lambda hands over 6,291,556 bytes: the answer as a text in JSON, and its headers.
LONGEST_ANSWER = 6_000_000
# Other codes for Chinese in traditional characters.
ALIASES = {"zh-TW": ("zh-hant", "zh-hant-tw", "zh-hk")}


def page_headers(upload_origin: str | None) -> dict[str, str]:
    """The headers of the page, which may send files to that origin if there is one."""
    policy = PAGE_POLICY.format(more=f" {upload_origin}" if upload_origin else "")
    return {**HEADERS, "Cache-Control": "no-cache", "Content-Security-Policy": policy}


def error_body(error: ApiError, language: str = ENGLISH) -> dict[str, str]:
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


def preferred_kind(accept: str, kinds: Sequence[str]) -> str:
    """The kind of answer that an Accept header weighs most; the first where it names none."""
    ranges: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(accept.lower().split(",")[:MOST_KINDS]):
        kind, *parameters = (one.strip() for one in part.split(";"))
        ranges.setdefault(kind, (_weight(parameters), -place))

    def rank(kind: str) -> tuple[float, int, int]:
        for width, named in enumerate((kind, f"{kind.partition('/')[0]}/*", "*/*")):
            if named in ranges:
                weight, place = ranges[named]
                return weight, -width, place
        return 0.0, 0, 0

    best = max(kinds, key=rank)
    return best if rank(best)[0] > 0 else kinds[0]


def _weight(parameters: Sequence[str]) -> float:
    given = [one.removeprefix("q=") for one in parameters if one.startswith("q=")]
    try:
        return float(given[0]) if given else 1.0
    except ValueError:
        return 1.0


def json_text(content: object) -> str:
    """JSON that each reader takes: without NaN, which is null, and without halves of letters."""
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(content), ensure_ascii=False)
    return text.encode(errors="replace").decode()


def is_too_long(text: str) -> bool:
    """Whether Lambda would not hand over an answer: in its JSON, quotes and line breaks grow."""
    return len(json.dumps(text, ensure_ascii=False).encode()) > LONGEST_ANSWER


def _finite(content: object) -> object:
    if isinstance(content, Mapping):
        return {name: _finite(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
