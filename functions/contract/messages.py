"""What users read: a code and values here, the words for it in a catalogue per language.

The catalogues are `catalog/<language>.json`. A text stands there as a string, or as an object with
`text`, `remedy` (what to do about it) and `one` (the text when `count` is 1). Its placeholders name
values; `{count:n}` says how a value is written (see `_Words.format_field`), and `{@name}` stands
for a setting, which a command line spells as an option.
"""

import json
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

# Relative, because the command loads this package under another name.
from .bounds import LANGUAGES
from .visible import visible

CATALOGS = Path(__file__).with_name("catalog")
ENGLISH = "en"
# Enough for any key of the bucket that can be a dataset's; names in quotes are shorter.
LONGEST_VALUE, LONGEST_NAME = 600, 100
ITEMS_SHOWN = 30
# How the list of items is written, and names are quoted.
JOINED = {"en": ", ", "ko": ", ", "zh-TW": "、"}
QUOTES = {"en": '"{}"', "ko": "'{}'", "zh-TW": "「{}」"}
# What stands between a text and its remedy.
GAP = {"en": " ", "ko": " ", "zh-TW": ""}
AS_IN_FILES: Mapping[str, str] = {}
VERBATIM = "text"


@dataclass(frozen=True)
class Message:
    """The code of a text and the values that fill it: texts, numbers, messages, tuples of these."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """In English, for logs."""
        return render(self)

    @property
    def root(self) -> "Message":
        """The innermost reason that has a code: what `refused. …` is about."""
        reason = self.values.get("reason")
        if isinstance(reason, Message) and reason.code != VERBATIM:
            return reason.root
        return self


def message(code: str, /, **values: Any) -> Message:
    return Message(code, values)


def verbatim(text: str) -> Message:
    """A text that is the same in every language, such as what AWS says."""
    return Message(VERBATIM, {"text": text})


def known_language(language: object) -> str:
    """The language if it has a catalogue, else English."""
    return str(language) if language in LANGUAGES else ENGLISH


def render(
    message: Message, language: str = ENGLISH, spelling: Mapping[str, str] = AS_IN_FILES
) -> str:
    """The message in words; English stands in for a language that has no catalogue.

    `spelling` tells how settings are written where the text is read, such as
    `{"training_minutes": "--minutes"}`. Raises KeyError for an unknown code or a lacking value.
    """
    return _Words(known_language(language), spelling).parts(message)


def is_known(code: str) -> bool:
    return code in _catalog(ENGLISH)


def message_to_json(message: Message) -> dict[str, object]:
    return {"code": message.code, "values": {k: _plain(v) for k, v in message.values.items()}}


def message_from_json(content: Mapping[str, Any]) -> Message:
    return Message(content["code"], {k: _value(v) for k, v in content["values"].items()})


def plain_text(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text in one line that cannot steer a terminal, cut where it is too long."""
    # Cut first: a cell may hold megabytes.
    line = one_line(text[: longest + 1])
    return line.strip() if len(line) <= longest else f"{line[: longest - 1].strip()}…"


def one_line(text: str) -> str:
    """The same however long, with all blanks that it has."""
    return "".join(letter if letter.isprintable() else " " for letter in visible(text))


def usd_at_most(usd: float) -> str:
    """An amount that is not exceeded, in whole cents."""
    return f"{math.ceil(round(usd * 100, 6)) / 100:.2f}"


@dataclass(frozen=True)
class _Texts:
    """One entry of a catalogue."""

    text: str
    one: str | None = None
    remedy: str | None = None

    def part(self, name: str, count: object) -> str | None:
        if name == "remedy":
            return self.remedy
        return self.one if self.one and count == 1 else self.text


class _Words(string.Formatter):
    """Puts values into a text; the only place where values from outside become words."""

    def __init__(self, language: str, spelling: Mapping[str, str]) -> None:
        self._language, self._spelling = language, spelling

    def parts(self, message: Message, names: Sequence[str] = ("text", "remedy")) -> str:
        """The text and its remedy, or one of them."""
        texts = _catalog(self._language)[message.code]
        found = (texts.part(name, message.values.get("count")) for name in names)
        shown = (self.vformat(text, (), message.values) for text in found if text)
        return GAP[self._language].join(shown)

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if field_name.startswith("@"):
            return self._spelled(field_name[1:]), field_name
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        """`q` quotes a name, `n` separates thousands, `usd` and `usd_at_most` are money, `score`
        has four significant digits, `setting` is spelled as where the text is read, `metric` is
        what people call one, and `text` or `remedy` is only that part of a message."""
        if isinstance(value, Message):
            return self.parts(value, (format_spec,)) if format_spec else self.parts(value)
        if isinstance(value, tuple | list):
            return self._listed(value, format_spec)
        match format_spec:
            case "q":
                return QUOTES[self._language].format(plain_text(str(value), LONGEST_NAME))
            case "n":
                return f"{value:,}"
            case "usd":
                return f"${value:.2f}"
            case "usd_at_most":
                return f"${usd_at_most(value)}"
            case "score":
                return score_text(value)
            case "setting":
                return self._spelled(str(value))
            case "metric":
                return metric_name(str(value), self._language)
            case "" if isinstance(value, float):
                return f"{value:g}"
            case "":
                return plain_text(str(value))
        return format(value, format_spec)

    def _spelled(self, setting: str) -> str:
        return self._spelling.get(setting, setting)

    def _listed(self, items: Sequence[Any], format_spec: str) -> str:
        shown = [self._item(item, format_spec) for item in items[:ITEMS_SHOWN]]
        joined = JOINED[self._language].join(shown)
        more = len(items) - ITEMS_SHOWN
        if more <= 0:
            return joined
        text = _catalog(self._language)["list.more"].text
        return text.format(items=joined, more=more)

    def _item(self, item: Any, format_spec: str) -> str:
        if isinstance(item, str) and not format_spec:
            return plain_text(item, LONGEST_NAME)
        return self.format_field(item, format_spec)


def metric_name(metric: str, language: str = ENGLISH) -> str:
    """Return what people call a metric of AutoGluon's, such as ROC AUC for `roc_auc`."""
    code = f"metric_name.{metric}"
    return _catalog(known_language(language))[code].text if is_known(code) else plain_text(metric)


def score_text(value: Any) -> str:
    """Four digits that count."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


@cache
def _catalog(language: str) -> Mapping[str, _Texts]:
    content = json.loads((CATALOGS / f"{language}.json").read_text("utf-8"))
    return {
        code: _Texts(entry)
        if isinstance(entry, str)
        else _Texts(entry["text"], entry.get("one"), entry.get("remedy"))
        for code, entry in content.items()
    }


def _plain(value: Any) -> Any:
    """As JSON holds it."""
    if isinstance(value, Message):
        return message_to_json(value)
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _value(content: Any) -> Any:
    if isinstance(content, list):
        return tuple(map(_value, content))
    return message_from_json(content) if isinstance(content, dict) else content
