"""What is wrong with a command line, in the language that it asks for.

The parser's own sentences are English only, so they are put together again from what it found.
"""

from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import Any

from codefree.command_name import command_name
from codefree.words import ENGLISH, LANGUAGES, Message, message

LANGUAGE, HELP = "--language", "--help"


def asked_language(arguments: Sequence[str]) -> str:
    """The language that a command line asks for, however wrong the rest of it is."""
    words = [word for one in arguments for word in one.split("=", 1)]
    asked = [after for one, after in pairwise(words) if one == LANGUAGE]
    return next((one for one in reversed(asked) if one in LANGUAGES), ENGLISH)


def wrong_command(error: Any, arguments: Sequence[str]) -> Message | None:
    """Why the parser refused a command line; None where it only shows the help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return None
    command = next((one for one in arguments if not one.startswith("-")), "")
    if option := getattr(error, "option_name", None):
        help_ = " ".join(filter(None, (command_name(), command, "--help")))
        return _wrong_option(error, option, arguments, help_)
    usage = _usage(error.ctx)
    if hasattr(error, "param_type"):
        return message("cli.missing", argument=_name(error.param), usage=usage)
    if getattr(error, "param", None) is not None:
        return _wrong_value(error)
    if commands := getattr(error.ctx.command, "commands", None):
        return message("cli.unknown_command", command=command, known=tuple(commands))
    return message("cli.too_many", usage=usage)


def option_as_value(program: Any, arguments: Sequence[str]) -> Message | None:
    """What to say of an option that would take the option behind it for its value.

    `program` is the command with all its commands.
    """
    command = next((program.commands[one] for one in arguments if one in program.commands), program)
    options = [one for one in command.params if one.param_type_name == "option"]
    known = {HELP, *(name for option in options for name in option.opts)}
    with_value = {name for option in options if not option.is_flag for name in option.opts}
    for option, value in pairwise(takewhile(lambda one: one != "--", arguments)):
        if option in with_value and value.split("=", 1)[0] in known:
            return message("cli.option_as_value", option=option, value=value)
    return None


def _wrong_option(error: Any, option: str, arguments: Sequence[str], help_: str) -> Message:
    if not hasattr(error, "possibilities"):
        has_value = any(one.startswith(f"{option}=") for one in arguments)
        code = "cli.option_takes_no_value" if has_value else "cli.option_needs_value"
        return message(code, option=option, help=help_)
    if near := error.possibilities:
        return message("cli.unknown_option_near", option=option, nearest=near[0])
    return message("cli.unknown_option", option=option, help=help_)


def _wrong_value(error: Any) -> Message:
    """Of an option that takes a number or one of some words."""
    kind = error.param.type_descriptor
    if kind.choices:
        wanted = message("want.choice", choices=tuple(map(str, kind.choices)))
    else:
        low, high = kind.parameter_info.min, kind.parameter_info.max
        code = "want.whole_number" if kind.annotation is int else "want.number"
        wanted = message(code, low=low, high=high)
    given = next((one["input"] for one in error.__cause__.errors()), "")
    return message("settings.wrong", setting=_name(error.param), wanted=wanted, value=str(given))


def _name(parameter: Any) -> str:
    """As it is typed."""
    is_option = parameter.param_type_name == "option"
    return str(parameter.opts[0] if is_option else parameter.metavar or parameter.name)


def _usage(context: Any) -> str:
    """What the command takes, with the program as its user types it."""
    pieces = (piece.strip("{}") for piece in context.command.collect_usage_pieces(context))
    name = [context.info_name] if context.parent else []
    return " ".join([command_name(), *name, *pieces])
