"""The console script `codefree`: the whole pipeline on this machine, without AWS."""

import json
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from codefree import model_commands, room, translator_commands
from codefree.command_line import asked_language, option_as_value, wrong_command
from codefree.functions_code import load
from codefree.interrupts import stoppable
from codefree.words import (
    Message,
    Words,
    in_lines,
    known_language,
    message,
    reason,
    verbatim,
)

# The bounds of options are those of the settings that the functions read.
if TYPE_CHECKING:
    from contract.bounds import MAX_COST_USD, MINUTES, Language, Preset
else:
    bounds = load("bounds")
    MAX_COST_USD, MINUTES = bounds.MAX_COST_USD, bounds.MINUTES
    Language, Preset = bounds.Language, bounds.Preset

# Everything that imports moto, the SAM translator or boto3 takes seconds: commands import it.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Drop a CSV, get a trained model, an honest report and predictions; nothing to code. "
    "This command plays the project's cloud on this machine, so nothing leaves it and nothing is "
    "paid; only commands with `--stack` ask AWS.",
)
progress_console = Console(stderr=True)
say = Words()
"""Speaks the language that was asked for; each command sets it as soon as it knows better."""

DEFAULT_PORT, HIGHEST_PORT = 5555, 65535
TrainFile = Annotated[
    Path,
    typer.Argument(
        metavar="TRAIN",
        help="The rows to learn from: .csv, .csv.gz, .parquet or .xlsx; or .sql, a query for them.",
    ),
]
TestFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="TEST",
        help="The rows to predict. With the target column in it, the model is scored on them; "
        "without, on rows of TRAIN that it has not seen.",
    ),
]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"codefree {version('codefree-automl')}")
        raise typer.Exit


@app.callback()
def keep_to_this_machine(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Hide the user's AWS account from every command that does not need it."""
    if context.invoked_subcommand not in ("status", *model_commands.NAMES):
        _forget_own_account()


@app.command(
    epilog="Example: codefree run samples/titanic_train.csv samples/titanic_test.csv --minutes 1"
)
def run(
    train: TrainFile,
    test: TestFile = None,
    target: Annotated[
        str | None, typer.Option(help="Column to predict; left out, it is found where it is clear.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=MINUTES[0], max=MINUTES[1], help="Time for fitting models."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the dataset; else TRAIN without _train and its ending."),
    ] = None,
    preset: Annotated[
        Preset | None, typer.Option(help="How much to try; higher takes more memory.")
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            min=MAX_COST_USD[0],
            max=MAX_COST_USD[1],
            help="Refuse what could cost more US dollars on AWS. Here nothing is paid.",
        ),
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of the report and of what you read here."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Settings of the dataset; options win over it."),
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Holds the tables of a query: DIR/TABLE.csv, or files in DIR/TABLE/; else the "
            "folder tables beside TRAIN.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Results go to DIR/NAME/.")] = Path(
        "results"
    ),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; all else goes to stderr.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also tell what the embedded AWS does.")
    ] = False,
) -> None:
    """Train on a CSV file: the same pipeline as on AWS, here.

    Ends with 0 only when the model is ready; with 1 when the files were refused or training
    failed, and says why.
    """
    _speak(language)
    chosen = _read_settings(settings)
    options = {
        "target": target,
        "training_minutes": minutes,
        "preset": preset,
        "max_cost_usd": max_cost,
        "report_language": language,
    }
    chosen |= {key: value for key, value in options.items() if value is not None}
    _speak(chosen.get("report_language"))
    name = name or train.name.split(".csv")[0].removesuffix(train.suffix).removesuffix("_train")
    _require_name(name)
    for file in (train, test):
        _require_readable(file)
    if test and train.name.split(".")[0].endswith("_test") and "_train." in test.name:
        _refuse(message("cli.swapped", train=test.name, test=train.name))
    try:
        room.require_files()
        room.require_memory()
        room.require_disk(out / name, tuple(file for file in (train, test) if file))
    except room.NoRoomError as error:
        _refuse(error.message)
    with stoppable(say):
        _say(say("cli.starting"))
        from codefree import run_dataset, run_view

        results = run_dataset.run(
            run_dataset.Dataset(name, train, test, chosen, tables or train.parent / "tables"),
            out,
            show=lambda snapshots: run_view.show_progress(snapshots, progress_console, say),
            warn=_tell,
            report=_tell if verbose else _tell_nothing,
        )
    run_view.show_results(results, Console(stderr=as_json), say)
    if as_json:
        print(json.dumps(results.to_json(), ensure_ascii=False, indent=1))
    if not results.completed:
        _say(say("cli.logs", folder=str(out / name / "logs")))
        raise typer.Exit(1)


@app.command()
def up(
    port: Annotated[
        int, typer.Option(min=0, max=HIGHEST_PORT, help="Port on 127.0.0.1.")
    ] = DEFAULT_PORT,
    api_port: Annotated[
        int,
        typer.Option(min=0, max=HIGHEST_PORT, help="Port of the page and the APIs."),
    ] = 5556,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of the reports and of what you read here."),
    ] = None,
    env_vars: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Let functions in Docker containers reach it, too, and write what `sam local "
            "--env-vars` needs into FILE.json.",
        ),
    ] = None,
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Logs go to DIR/logs/, sample events to DIR/events/."),
    ] = Path("results"),
) -> None:
    """Keep the embedded AWS up until Ctrl-C: the bucket, the APIs, and the page."""
    _speak(language)
    try:
        room.require_free_port("127.0.0.1", port, "--port")
        room.require_free_port("127.0.0.1", api_port, "--api-port")
        room.require_files()
        room.require_memory()
        room.require_disk(out)
        if env_vars:
            env_vars.open("a").close()
    except (room.PortTakenError, room.NoRoomError) as error:
        _refuse(error.message)
    except OSError as error:
        _refuse(message("cli.unwritable_file", file=str(env_vars), error=reason(error)))
    with stoppable(say):
        _say(say("cli.starting"))
        from codefree import cloud as embedded
        from codefree import containers, default_translator
        from codefree.event_samples import write_events
        from codefree.front_door import CONTAINERS_HOST
        from codefree.serve import instructions, tell_events

        try:
            gateway = containers.gateway_address() if env_vars else None
        except containers.NoDockerError as error:
            _refuse(error.message)
        chosen = embedded.Settings(
            # There is no Amazon Translate here to fall back to.
            parameters={
                "SettleSeconds": "1",
                "FreeOfCharge": "true",
                "RetrySeconds": "60",
                "TranslationFallback": "none",
                "Uploads": "true",
                "SqlDatabases": "default",
                "ReportLanguage": say.language,
            },
            logs=out / "logs",
            port=port,
            api_port=api_port,
            gateway=gateway,
            tell=_tell,
            warn=_tell,
        )
        try:
            with embedded.open_cloud(chosen) as cloud:
                default_translator.deploy(cloud)
                if env_vars:
                    env_vars.write_text(containers.environments(cloud), "utf-8")
                events, host = out / "events", CONTAINERS_HOST if env_vars else "127.0.0.1"
                url = f"http://{host}:{cloud.endpoint.port}"
                rewrite = partial(write_events, cloud, events, url)
                rewrite()
                print(instructions(cloud, events, say, env_vars), flush=True)
                tell_events(cloud, _tell, rewrite)
        except (room.PortTakenError, default_translator.TranslatorError) as error:
            _refuse(error.message)


@app.command()
def predict(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL.tar.gz", help="A trained model. Its own code is run: use one you trust."
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The rows to predict: .csv, .csv.gz, .parquet, .xlsx."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where to write; else FILE_predictions.csv beside FILE."),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option("--plain", help="For programs: no mark for Excel, no cell made harmless."),
    ] = False,
    reason_columns: Annotated[
        bool,
        typer.Option(
            "--reason-columns", help="For programs: each reason as a column and its amount, too."
        ),
    ] = False,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of what you read here; else that of the model's report."),
    ] = None,
) -> None:
    """Predict with a trained model on this machine; no AWS at all.

    Writes the columns of FILE as they are, then the prediction, for classes their probabilities,
    and the three strongest reasons.
    """
    from codefree import predict as prediction

    _speak(language)
    try:
        room.require_files()
    except room.NoRoomError as error:
        _refuse(error.message)
    out = out or file.with_name(f"{file.name.split('.')[0]}_predictions.csv")
    with stoppable(say):
        try:
            done = prediction.predict(
                model,
                file,
                out,
                safe=not plain,
                reason_columns=reason_columns,
                language=language,
                tell=lambda rows: _say(say("cli.rows_so_far", count=rows)),
                name_code=_name_code,
            )
        except prediction.PredictError as error:
            _refuse(error.message)
    if done.explained < done.rows:
        _say(say("cli.some_reasons", count=done.explained))
    for note in done.notes:
        print(say("cli.note", reason=verbatim(note)))
    print(say("cli.predicted", count=done.rows, file=str(out)))


@app.command(
    epilog="Example: codefree reproduce results/titanic/titanic-74da0177d3c0/model.tar.gz samples"
)
def reproduce(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.tar.gz", help="The model. None of its code is run.")
    ],
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Where the files are that it was trained from, under any names."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Results of the new training go to DIR/NAME/.")
    ] = Path("reproduced"),
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; all else goes to stderr.")
    ] = False,
    language: Annotated[
        Language | None, typer.Option(help="Language of the report and of what you read here.")
    ] = None,
) -> None:
    """Train a model again, from what its passport says, and compare.

    A model.tar.gz says which files it has learned from (by their SHA-256), with which settings,
    seeds and versions. This looks for those files in DIR, refuses if their content is another one,
    trains with the same settings, and compares: the columns that the model uses and how it reads
    them, and the score on the same rows.

    Ends with 0 when the columns are the same and the score lies within the 95% interval of before;
    with 1 when not, or when the files are not there, and says what differs. The training takes the
    same minutes; a faster or slower machine gets through more or fewer models, which is why
    scores may differ within the noise.
    """
    _speak(language)
    try:
        room.require_files()
        room.require_memory()
    except room.NoRoomError as error:
        _refuse(error.message)
    from codefree import reproduce as reproduction

    with stoppable(say):
        try:
            before = reproduction.read_origin(model)
            files = reproduction.find_files(before, folder)
        except reproduction.ReproduceError as error:
            _refuse(error.message)
        name = before.job.dataset
        _require_name(name)
        try:
            room.require_disk(out / name, tuple(files))
        except room.NoRoomError as error:
            _refuse(error.message)
        _say(say("reproduce.data", files=tuple(file.name for file in files)))
        _say(say("cli.starting"))
        from codefree import run_dataset, run_view

        results = run_dataset.run(
            run_dataset.Dataset(
                name,
                files[0],
                files[1] if len(files) > 1 else None,
                {**before.settings, "report_language": say.language},
            ),
            out,
            show=lambda snapshots: run_view.show_progress(snapshots, progress_console, say),
            warn=_tell,
            report=_tell_nothing,
        )
        if not results.completed:
            run_view.show_results(results, Console(stderr=True), say)
            raise typer.Exit(1)
        compared = reproduction.compare(
            before, reproduction.read_origin(results.folder / "model.tar.gz")
        )
    if as_json:
        print(json.dumps(compared.to_json(say.render), ensure_ascii=False, indent=1))
    else:
        for one in compared.said:
            print(say.render(one))
        print(say("cli.all_files"), results.folder)
    if not compared.same:
        raise typer.Exit(1)


@app.command(epilog='Example: codefree translate "I love you"')
def translate(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="What to translate; left out, it is read from stdin."),
    ] = None,
    source: Annotated[str, typer.Option(help="Language of the text.")] = "en",
    target: Annotated[str, typer.Option(help="Language of the translation.")] = "de",
    language: Annotated[
        Language | None, typer.Option(help="Language of what else you read here.")
    ] = None,
) -> None:
    """Translate English to German on this machine, with the translator that comes along.

    Nothing leaves this machine. It knows short everyday sentences; its model card,
    translator/en-de/README.md, says how well. Line breaks, links, numbers and tags stay.
    """
    from codefree import default_translator

    _speak(language)
    if not text and sys.stdin.isatty():
        _say(say("cli.type_text"))
    try:
        query = " ".join(text) if text else sys.stdin.read()
        answer = default_translator.translate(query, source, target, say.language)
    except UnicodeDecodeError:
        _refuse(message("cli.not_utf8"))
    except default_translator.TranslatorError as error:
        _refuse(error.message)
    print(answer["translation"])
    if "doubt" in answer:
        _say(say("cli.unsure", reason=verbatim(answer["doubt"])))


@app.command(
    epilog="Examples: codefree status · codefree status --stack codefree-automl --region "
    "eu-west-1 · codefree status --json | jq .totals"
)
def status(
    stack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A stack in AWS, with the credentials of your environment; left out, the one that "
            "`codefree up` keeps up on this machine.",
        ),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Region of the stack in AWS; else your environment's.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of ~/.aws/config.")] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=HIGHEST_PORT,
            help=f"The port that `codefree up` was given; else {DEFAULT_PORT}.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: bucket, datasets, totals.")
    ] = False,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of what you read here; else that of the stack."),
    ] = None,
) -> None:
    """List what runs, waits and costs: a line per dataset, the newest first.

    It reads the bucket's results/*/status.json, the training jobs and the queue of uploads.

    It changes nothing. Piped, its columns are separated by tabs, and columns and states have the
    same names in every language.

    A dataset is waiting (for a file, or for AWS), refused, training, completed, failed or stopped.
    """
    _speak(language)
    port = _reach(stack, region, profile, port)
    from codefree.stack_finding import look_here, look_in_aws
    from codefree.stack_status import StackStatusError
    from codefree.status_view import show_overview

    now = datetime.now(UTC)
    try:
        overview = look_in_aws(stack, region, profile, now) if stack else look_here(port, now)
    except StackStatusError as error:
        _refuse(error.message)
    _speak(language or overview.language)
    if as_json:
        print(json.dumps(overview.to_json(), ensure_ascii=False, indent=1))
    else:
        show_overview(overview, Console(), say)


def main() -> None:
    """Run the command; where it is wrong, or the machine gives out, end it with a sentence."""
    _speak(asked_language(sys.argv[1:]))
    if swallowed := option_as_value(typer.main.get_command(app), sys.argv[1:]):
        _show(swallowed)
        sys.exit(2)
    try:
        try:
            # What it returns is the code of a command that has ended early.
            sys.exit(app(standalone_mode=False))
        finally:
            sys.stdout.flush()
    except typer.TyperException as error:
        if wrong := wrong_command(error, sys.argv[1:]):
            _show(wrong)
        else:
            print(error.format_message())
        sys.exit(2)
    except (OSError, MemoryError, RuntimeError) as error:
        _forget_output()
        if isinstance(error, BrokenPipeError):
            # As `head` ends the other side of its pipe.
            sys.exit(128 + signal.SIGPIPE)
        said = room.in_a_sentence(error)
        if said is None:
            raise
        with suppress(OSError):
            print(say.render(said), file=sys.stderr)
        sys.exit(1)


def _forget_output() -> None:
    """Keep the interpreter from trying once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _forget_own_account() -> None:
    """Take the user's AWS account out of this process: nothing here may ever reach it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _read_settings(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    _require_readable(file)
    try:
        settings = json.loads(file.read_text("utf-8-sig"))
        if isinstance(settings, dict):
            return settings
        wrong = message("settings.not_object", example='{"target": "Survived"}')
    except json.JSONDecodeError as error:
        wrong = message("settings.not_json", line=error.lineno, column=error.colno)
    except (ValueError, RecursionError):
        wrong = message("settings.not_text")
    _refuse(message("cli.settings_file", file=str(file), reason=wrong))


def _require_readable(file: Path | None) -> None:
    try:
        if file is not None:
            file.open("rb").close()
    except OSError as error:
        _refuse(message("cli.unreadable", file=str(file), error=reason(error)))


def _require_name(name: str) -> None:
    if "/" in name or name in ("", ".", ".."):
        _refuse(message("cli.bad_name", name=name))


def _reach(stack: str | None, region: str | None, profile: str | None, port: int | None) -> int:
    """Check the options that name a stack; return the port of the one on this machine."""
    for option, given in {"--region": region, "--profile": profile}.items():
        if given is not None and stack is None:
            _refuse(message("cli.only_with", option=option, other="--stack"))
    if stack is not None and port is not None:
        _refuse(message("cli.not_with", option="--port", other="--stack"))
    port = DEFAULT_PORT if port is None else port
    if stack is None:
        _forget_own_account()
        _require_running(port)
    return port


def _require_running(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            _refuse(message("stack.nothing_runs", port=str(port)))


def _name_code(sentence: Message, language: str) -> None:
    """Say whose code runs, from now on in the model's language."""
    _speak(language)
    _tell(sentence)


def _speak(language: object) -> None:
    """Speak that language; English where it is none of ours, or none was asked for."""
    say.language = known_language(language)


def _refuse(what: Message) -> NoReturn:
    _show(what)
    raise typer.Exit(1)


def _show(what: Message) -> None:
    progress_console.print(f"[bold]{escape(in_lines(say.render(what)))}[/]", soft_wrap=True)


def _tell(what: Message) -> None:
    _say(say.render(what))


def _say(line: str) -> None:
    try:
        progress_console.print(escape(in_lines(line)), soft_wrap=True, highlight=False)
    except (OSError, SystemExit):
        # A job must not break off in the middle because no one reads: the command ends it.
        if threading.current_thread() is not threading.main_thread():
            os.kill(os.getpid(), signal.SIGTERM)
            return
        raise


def _tell_nothing(what: Message) -> None:
    """For what only --verbose shows."""


_shell = model_commands.Shell(say, _speak, _refuse, _reach)
model_commands.add_commands(app, _shell)
translator_commands.add_translator_commands(app, _shell)
