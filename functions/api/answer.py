"""What every answer has: headers, and errors in the caller's language."""

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
