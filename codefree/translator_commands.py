"""`codefree translator list`, `deploy` and `rollback`: which version of a translator serves."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from codefree.model_commands import (
    AsJson,
    Port,
    Profile,
    Region,
    Shell,
    Speaks,
    Stack,
    Where,
    ask_stack,
    print_json,
)
from codefree.words import Message, message

if TYPE_CHECKING:
    from codefree.model_versions import Models
    from codefree.stack_status import Connect
    from codefree.translator_versions import TranslatorVersions

Pair = Annotated[
    str, typer.Argument(metavar="PAIR", help="From which language into which, such as en-de.")
]


def add_translator_commands(app: typer.Typer, shell: Shell) -> None:
    translator = typer.Typer(
        no_args_is_help=True, help="The versions of a translator, and which of them serves."
    )
    app.add_typer(translator, name="translator")

    def run(
        pair: str, where: Where, do: "Callable[[TranslatorVersions, datetime], Message | Models]"
    ) -> None:
        def versions(connect: "Connect", stack: str) -> "TranslatorVersions":
            from codefree.translator_versions import TranslatorVersions

            return TranslatorVersions(connect, stack, pair)

        found = ask_stack(shell, where, versions, do)
        from codefree.model_versions import Models
        from codefree.model_view import show_models

        if not isinstance(found, Models):
            Console().print(escape(shell.say.render(found)), soft_wrap=True, highlight=False)
        elif where.as_json:
            print_json(found)
        else:
            show_models(found, Console(), shell.say, _who_serves(found))

    @translator.command("list", epilog="Example: codefree translator list en-de")
    def list_versions(
        pair: Pair,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: AsJson = False,
        language: Speaks = None,
    ) -> None:
        """List the versions of a pair's translator, the oldest first, and which of them serves.

        A version is the champion, which serves; held back, for something spoke against it, or it
        was taken back; or earlier.
        """
        where = Where(stack, region, profile, port, as_json, language)
        run(pair, where, lambda versions, now: versions.look(now))

    @translator.command(epilog="Example: codefree translator deploy en-de --version 2")
    def deploy(
        pair: Pair,
        version: Annotated[
            int, typer.Option(min=1, help="As `codefree translator list` numbers them.")
        ],
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        language: Speaks = None,
    ) -> None:
        """Let a version of a pair's translator serve; no request fails meanwhile."""
        where = Where(stack, region, profile, port, False, language)
        run(pair, where, lambda versions, now: versions.order(version, now))

    @translator.command(epilog="Example: codefree translator rollback en-de")
    def rollback(
        pair: Pair,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        language: Speaks = None,
    ) -> None:
        """Go back to the version that served before; no request fails meanwhile."""
        where = Where(stack, region, profile, port, False, language)
        run(pair, where, lambda versions, now: versions.order_before(now))


def _who_serves(models: "Models") -> Message:
    champion = models.live.champion
    if champion is None:
        return message("order.none_serves")
    return message("order.serves", version=models.number_of(champion.job))
