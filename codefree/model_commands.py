"""`codefree runs`, `models`, `deploy`, `rollback`, `undeploy`: what was trained, what answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, Protocol, TypeVar

import typer
from rich.console import Console

from codefree.functions_code import load
from codefree.words import Message, Words, message

if TYPE_CHECKING:
    from codefree.model_versions import Models, RunList, Versions
    from codefree.stack_status import Connect
    from contract.bounds import Language, ServedBy
else:
    Language = load("bounds").Language
    ServedBy = load("bounds").ServedBy

# Those of `codefree status`.
Dataset = Annotated[str, typer.Argument(metavar="DATASET", help="The train file without _train.")]
Stack = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A stack in AWS, with the credentials of your environment; left out, the one that "
        "`codefree up` keeps up on this machine.",
    ),
]
Region = Annotated[
    str | None, typer.Option(help="Region of the stack in AWS; else your environment's.")
]
Profile = Annotated[str | None, typer.Option(help="Profile of ~/.aws/config.")]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="The port that `codefree up` was given; else 5555."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object: dataset, live, versions.")
]
RunsAsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object: dataset, runs with all their facts.")
]
Speaks = Annotated[
    Language | None, typer.Option(help="Language of what you read here; else that of the stack.")
]
Mlflow = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Also write the runs into DIR/mlflow.db, which `mlflow ui` opens. MLflow has to be "
        "installed beside this command: pip install mlflow.",
    ),
]
NAMES = ("runs", "models", "deploy", "rollback", "undeploy")


@dataclass(frozen=True)
class Shell:
    """What the commands share with all others."""

    say: Words
    speak: Callable[[object], None]
    refuse: Callable[[Message], NoReturn]
    reach: Callable[[str | None, str | None, str | None, int | None], int]
    """Checks the options that name a stack; returns the port of one on this machine."""


@dataclass(frozen=True)
class Where:
    """The options that name a stack, and how to show what is found there."""

    stack: str | None
    region: str | None
    profile: str | None
    port: int | None
    as_json: bool
    language: str | None


class InStack(Protocol):
    """What is looked at or changed in a stack; every failure is a StackStatusError."""

    language: str


T = TypeVar("T", bound=InStack)
Found = TypeVar("Found")


def ask_stack(
    shell: Shell,
    where: Where,
    make: "Callable[[Connect, str], T]",
    do: Callable[[T, datetime], Found],
) -> Found:
    """Find the stack, make what looks at it, speak the stack's language, and do it."""
    shell.speak(where.language)
    port = shell.reach(where.stack, where.region, where.profile, where.port)
    # They import boto3, which takes its time.
    from codefree.stack_finding import connect_to
    from codefree.stack_status import StackStatusError

    try:
        connect, stack = connect_to(where.stack, where.region, where.profile, port)
        asked = make(connect, stack)
        shell.speak(where.language or asked.language)
        return do(asked, datetime.now(UTC))
    except StackStatusError as error:
        shell.refuse(error.message)


def print_json(found: "Models | RunList") -> None:
    print(json.dumps(found.to_json(), ensure_ascii=False, indent=1))


def require_mlflow(shell: Shell, language: str | None) -> None:
    """Refuse where there is no MLflow, before anything is asked."""
    from codefree.mlflow_store import is_installed

    if not is_installed():
        shell.speak(language)
        shell.refuse(message("runs.mlflow_missing"))


def write_mlflow(shell: Shell, found: "RunList", folder: Path) -> None:
    """Add the runs to the store, and say how many are new and how to open it."""
    from codefree.mlflow_run import mlflow_run
    from codefree.mlflow_store import STORE, MlflowStoreError, write_store

    runs = [mlflow_run.mlflow_run(found.runs, one, found.bucket) for one in found.runs.all]
    try:
        count = write_store(folder, runs)
    except MlflowStoreError as error:
        shell.refuse(error.message)
    said = message("runs.mlflow_written", count=count, path=str(folder / STORE))
    typer.echo(shell.say.render(said), err=True)


def add_commands(app: typer.Typer, shell: Shell) -> None:
    def run(
        dataset: str, where: Where, do: "Callable[[Versions, datetime], Models | RunList]"
    ) -> None:
        def versions(connect: "Connect", stack: str) -> "Versions":
            from codefree.model_versions import Versions

            return Versions(connect, stack, dataset)

        found = ask_stack(shell, where, versions, do)
        from codefree.model_versions import RunList
        from codefree.model_view import show_models
        from codefree.run_list_view import show_runs

        if where.as_json:
            print_json(found)
        elif isinstance(found, RunList):
            show_runs(found, Console(), shell.say)
        else:
            show_models(found, Console(), shell.say)

    @app.command(
        epilog="Examples: codefree runs titanic · codefree runs titanic --json | jq "
        "'.runs[] | [.version, .measured.score]' · codefree runs titanic --mlflow tracking"
    )
    def runs(
        dataset: Dataset,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: RunsAsJson = False,
        mlflow: Mlflow = None,
        language: Speaks = None,
    ) -> None:
        """List every training and prediction of a dataset, the oldest first, side by side.

        Each has its data (rows, file, and the beginning of its hash), what differs from the
        training before, score, cost, and what its model is for requests.

        It reads results/NAME/runs.json, which the end of each job writes; runs.html beside it
        shows the same as a page, with a graph of what came from what. --json also says which
        scores are on the same rows: only these can be compared.
        """
        where = Where(stack, region, profile, port, as_json, language)
        if mlflow is not None:
            require_mlflow(shell, language)

        def look(versions: "Versions", now: datetime) -> "RunList":
            found = versions.runs(now)
            if mlflow is not None:
                write_mlflow(shell, found, mlflow)
            return found

        run(dataset, where, look)

    @app.command(epilog="Example: codefree models titanic")
    def models(
        dataset: Dataset,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: AsJson = False,
        language: Speaks = None,
    ) -> None:
        """List the versions of a dataset's model, the oldest first, and which of them answers.

        A version is the champion or the challenger, which answer requests; held back, for something
        spoke against it; earlier; or not portable: it predicts with AutoGluon only.
        """
        where = Where(stack, region, profile, port, as_json, language)
        run(dataset, where, lambda versions, now: versions.look(now))

    @app.command(epilog="Example: codefree deploy titanic --version 2")
    def deploy(
        dataset: Dataset,
        version: Annotated[
            int | None,
            typer.Option(
                min=1, help="As `codefree models` numbers them; left out, the newest that can."
            ),
        ] = None,
        serve: Annotated[
            ServedBy | None,
            typer.Option(
                help="What answers with it: the stack's function, or a serverless endpoint, which "
                "also takes models that are not portable; left out, what it was trained for."
            ),
        ] = None,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: AsJson = False,
        language: Speaks = None,
    ) -> None:
        """Let a version of a dataset's model answer all requests, at once."""
        where = Where(stack, region, profile, port, as_json, language)
        run(dataset, where, lambda versions, now: versions.deploy(version, serve, now))

    @app.command(epilog="Example: codefree rollback titanic")
    def rollback(
        dataset: Dataset,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: AsJson = False,
        language: Speaks = None,
    ) -> None:
        """End the trial of a new version or, without one, go back to the version of before."""
        where = Where(stack, region, profile, port, as_json, language)
        run(dataset, where, lambda versions, now: versions.roll_back(now))

    @app.command(epilog="Example: codefree undeploy titanic")
    def undeploy(
        dataset: Dataset,
        stack: Stack = None,
        region: Region = None,
        profile: Profile = None,
        port: Port = None,
        as_json: AsJson = False,
        language: Speaks = None,
    ) -> None:
        """Let no version answer requests, until `codefree deploy`; nothing is deleted."""
        where = Where(stack, region, profile, port, as_json, language)
        run(dataset, where, lambda versions, now: versions.undeploy(now))
