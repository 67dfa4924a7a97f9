"""What the command line says: the project's own messages, with its options in place of settings."""

import errno
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from codefree.functions_code import load

_messages: Any = load("messages")
if TYPE_CHECKING:
    from contract.messages import Message as Message
else:
    Message = _messages.Message

# Setting → the option of `codefree run` that sets it.
OPTIONS = {
    "target": "--target",
    "training_minutes": "--minutes",
    "preset": "--preset",
    "max_cost_usd": "--max-cost",
    "report_language": "--language",
}
IN_FILE = "settings.in_file"
ENGLISH: str = _messages.ENGLISH
known_language: Callable[[object], str] = _messages.known_language
metric_name: Callable[[str], str] = _messages.metric_name
LANGUAGES: tuple[str, ...] = load("bounds").LANGUAGES
# What the operating system says only in English.
SYSTEM = {
    errno.ENOENT: "system.not_there",
    errno.EACCES: "system.forbidden",
    errno.EPERM: "system.forbidden",
    errno.EISDIR: "system.is_folder",
    errno.ENOTDIR: "system.no_folder",
    errno.EROFS: "system.read_only",
    errno.ENOSPC: "system.full",
    errno.EDQUOT: "system.full",
    errno.EADDRINUSE: "system.taken",
    errno.ENAMETOOLONG: "system.long_name",
}
Tell = Callable[[Message], None]
"""Hears what happens."""


class SaidError(Exception):
    """An error with a message for the user; as a text it is in `language`."""

    def __init__(self, message: Message, language: str = ENGLISH) -> None:
        super().__init__(str(_messages.render(message, language, OPTIONS)))
        self.message = message


def message(code: str, /, **values: Any) -> Message:
    made: Message = _messages.message(code, **values)
    return made


def is_known(code: str) -> bool:
    return bool(_messages.is_known(code))


def verbatim(text: str) -> Message:
    """A text that is in the reader's language already."""
    made: Message = _messages.verbatim(text)
    return made


def in_lines(text: str) -> str:
    """A text that cannot steer a terminal; only its ends of lines stay."""
    return "\n".join(map(_messages.one_line, text.splitlines()))


def score_in_words(metric: str, score: float, interval: tuple[float, float] | None) -> str:
    """A score by the name of its metric, with its interval where there is one."""
    said = f"{metric_name(metric)} {score:.4g}"
    return f"{said} ({interval[0]:.4g}–{interval[1]:.4g})" if interval else said


def reason(error: OSError) -> Message:
    """Why the operating system refuses."""
    code = SYSTEM.get(error.errno or 0)
    return message(code) if code else message("system.other", number=error.errno or "?")


class Words:
    """Renders messages in one language, for the user of a command."""

    def __init__(self, language: str = ENGLISH) -> None:
        self.language = language

    def __call__(self, code: str, /, **values: Any) -> str:
        return self.render(message(code, **values))

    def render(self, what: Message) -> str:
        return str(_messages.render(what, self.language, OPTIONS))

    def headline(self, status: Mapping[str, Any]) -> str:
        """The headline of a status.json."""
        return self._said(status, "headline")[0]

    def details(self, status: Mapping[str, Any], but: tuple[str, ...] = ()) -> list[str]:
        """All of them, but the ones whose code begins so."""
        return self._said(status, "details", but)

    def steps(self, status: Mapping[str, Any]) -> list[str]:
        """What to do next; options are corrected where they were typed."""
        if _is_about_options(status):
            return [self("cli.fix_option")]
        return self._said(status, "next")

    def _said(self, status: Mapping[str, Any], part: str, but: tuple[str, ...] = ()) -> list[str]:
        written = status[part] if isinstance(status[part], list) else [status[part]]
        messages = status.get("messages", {}).get(part)
        if messages is None:
            return written
        listed = messages if isinstance(messages, list) else [messages]
        return [
            self.render(_typed(_messages.message_from_json(one)))
            for one in listed
            if not one["code"].startswith(but)
        ]


def _is_about_options(status: Mapping[str, Any]) -> bool:
    reason = status.get("messages", {}).get("headline", {}).get("values", {}).get("reason", {})
    return isinstance(reason, dict) and reason.get("code") == IN_FILE


def _typed(what: Message) -> Message:
    """Without the name of the settings file, which the command has made."""
    reason: Any = what.values.get("reason")
    if getattr(reason, "code", None) != IN_FILE:
        return what
    return message(what.code, **{**what.values, "reason": reason.values["reason"]})
