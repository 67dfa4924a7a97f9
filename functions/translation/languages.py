"""Language codes and pairs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from api.errors import BadRequestError
from contract.endpoint_name import endpoint_name
from contract.messages import Message, message

AUTO = "auto"
_CODE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
# As people write codes: EN, en_us, zh-Hant-TW, es-419.
_WRITTEN = re.compile(
    r"(?P<language>[A-Za-z]{2,3})"
    r"([-_](?P<script>[A-Za-z]{4}))?"
    r"([-_](?P<region>[A-Za-z]{2,3}|[0-9]{3}))?"
)
# The region stands for the script, as in Amazon Translate's codes.
_CHINESE = {"Hant": "zh-TW", "HK": "zh-TW", "TW": "zh-TW", "Hans": "zh", "CN": "zh", "SG": "zh"}
# https://docs.aws.amazon.com/translate/latest/dg/what-is-languages.html
AMAZON_LANGUAGES = {
    "af": "Afrikaans",
    "sq": "Albanian",
    "am": "Amharic",
    "ar": "Arabic",
    "hy": "Armenian",
    "az": "Azerbaijani",
    "bn": "Bengali",
    "bs": "Bosnian",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "zh": "Chinese",
    "zh-TW": "Chinese (Traditional)",
    "hr": "Croatian",
    "cs": "Czech",
    "da": "Danish",
    "fa-AF": "Dari",
    "nl": "Dutch",
    "en": "English",
    "et": "Estonian",
    "fa": "Persian",
    "tl": "Tagalog",
    "fi": "Finnish",
    "fr": "French",
    "fr-CA": "French (Canada)",
    "ka": "Georgian",
    "de": "German",
    "el": "Greek",
    "gu": "Gujarati",
    "ht": "Haitian Creole",
    "ha": "Hausa",
    "he": "Hebrew",
    "hi": "Hindi",
    "hu": "Hungarian",
    "is": "Icelandic",
    "id": "Indonesian",
    "ga": "Irish",
    "it": "Italian",
    "ja": "Japanese",
    "kn": "Kannada",
    "kk": "Kazakh",
    "ko": "Korean",
    "lv": "Latvian",
    "lt": "Lithuanian",
    "mk": "Macedonian",
    "ms": "Malay",
    "ml": "Malayalam",
    "mt": "Maltese",
    "mr": "Marathi",
    "mn": "Mongolian",
    "no": "Norwegian",
    "ps": "Pashto",
    "pl": "Polish",
    "pt": "Portuguese",
    "pt-PT": "Portuguese (Portugal)",
    "pa": "Punjabi",
    "ro": "Romanian",
    "ru": "Russian",
    "sr": "Serbian",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "so": "Somali",
    "es": "Spanish",
    "es-MX": "Spanish (Mexico)",
    "sw": "Swahili",
    "sv": "Swedish",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "uz": "Uzbek",
    "vi": "Vietnamese",
    "cy": "Welsh",
}


@dataclass(frozen=True)
class Pair:
    """From which language into which: codes such as en, de, zh-TW; `auto` to have it detected."""

    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.source}-{self.target}"

    def endpoint(self, prefix: str) -> str:
        """The name of the pair's endpoint."""
        return endpoint_name(prefix, str(self))


@dataclass(frozen=True)
class Spoken:
    """What a stack translates."""

    pairs: tuple[Pair, ...]
    others: bool
    """Whether Amazon Translate takes the languages that no pair has."""

    def pair(self, source: str, target: str) -> Pair:
        """The pair that serves two codes from `read_code`.

        A region gives way where there is no translator for it (en-US: en), a script never does.
        Without a translator the codes stay as they are. Raises BadRequestError.
        """
        found = self._fitting(source, target)
        if found.source == found.target:
            raise BadRequestError("target", message("api.same_language", code=found.target))
        return found

    def sources(self) -> tuple[str, ...]:
        """Codes, those of the pairs first."""
        return self._codes([pair.source for pair in self.pairs])

    def targets(self, source: str | None = None) -> tuple[str, ...]:
        """Codes that one source, or any, is translated into, those of the pairs first."""
        own = [pair.target for pair in self.pairs if source in (None, pair.source)]
        return tuple(code for code in self._codes(own) if code != source)

    def _codes(self, own: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*own, *(AMAZON_LANGUAGES if self.others else ())]))

    def _fitting(self, source: str, target: str) -> Pair:
        if source == AUTO:
            return self._detecting(target)
        own = {(read_code(pair.source), read_code(pair.target)): pair for pair in self.pairs}
        exact = own.get((source, target))
        if exact or (self.others and target in AMAZON_LANGUAGES and "-" in target):
            return exact or Pair(_amazon(source), target)
        for into in _ways(target):
            for code in _ways(source):
                if near := own.get((code, into)):
                    return near
        return Pair(_amazon(source), _amazon(target)) if self.others else Pair(source, target)

    def _detecting(self, target: str) -> Pair:
        """Amazon Translate detects the source; without it, only one translator may fit."""
        if self.others:
            return Pair(AUTO, _amazon(target))
        for into in _ways(target):
            fitting = [pair for pair in self.pairs if read_code(pair.target) == into]
            if len(fitting) > 1:
                codes = [pair.source for pair in fitting]
                raise BadRequestError("source", message("api.source_auto", codes=codes))
            if fitting:
                return fitting[0]
        return Pair(AUTO, target)


def read_code(text: str) -> str | None:
    """`EN`, `en_us`, `zh-Hant` → en, en-US, zh-TW; None for what is no code."""
    if text.lower() == AUTO:
        return AUTO
    if not (written := _WRITTEN.fullmatch(text)):
        return None
    language, script, region = written.group("language", "script", "region")
    parts = [language.lower(), (script or "").title(), (region or "").upper()]
    if parts[0] == "zh" and (code := _CHINESE.get(parts[1] or parts[2])):
        return code
    return "-".join(part for part in parts if part)


def language_name(code: str) -> str:
    """In English; the code itself where the language is not among Amazon Translate's."""
    return AMAZON_LANGUAGES.get(read_code(code) or code, code)


def parse_pairs(text: str) -> tuple[Pair, ...]:
    """`en-de, zh-TW>en` → two pairs; the arrow is for codes that hold a hyphen."""
    return tuple(_pair(part.strip()) for part in text.split(",") if part.strip())


def is_code(text: str) -> bool:
    return text == AUTO or bool(_CODE.fullmatch(text))


def listed(pairs: Sequence[Pair]) -> tuple[Message, ...]:
    """`en to de`, `de to en`, for messages."""
    return tuple(message("api.pair", source=pair.source, into=pair.target) for pair in pairs)


def _pair(text: str) -> Pair:
    source, _, target = text.partition(">" if ">" in text else "-")
    return Pair(source, target)


def _ways(code: str) -> tuple[str, ...]:
    """A code, and the same without its region; regions of Chinese, and scripts, write otherwise."""
    language, _, rest = code.partition("-")
    return (code, language) if rest and len(rest) < 4 and language != "zh" else (code,)


def _amazon(code: str) -> str:
    return next((way for way in _ways(code) if way in AMAZON_LANGUAGES), code)
