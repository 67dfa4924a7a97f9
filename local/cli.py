"""The console script `codefree`: the whole pipeline on this machine, without AWS."""

import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from local.interrupts import stoppable

# Everything that imports moto, the SAM translator or boto3 takes seconds: commands import it.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Drop a CSV, get a trained model, an honest report and predictions; nothing to code. "
    "This command plays the project's cloud on this machine, so nothing leaves it and nothing is "
    "paid; only `status --stack` asks AWS.",
)
progress_console = Console(stderr=True)

TrainFile = Annotated[
    Path,
    typer.Argument(
        metavar="TRAIN",
        help="The rows to learn from: .csv, .csv.gz, .parquet or .xlsx.",
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


@app.callback()
def keep_to_this_machine(context: typer.Context) -> None:
    """Only what asks AWS on purpose may see the user's account."""
    if context.invoked_subcommand != "status":
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
    minutes: Annotated[float | None, typer.Option(help="Time for fitting models.")] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the dataset; else TRAIN without _train and its ending."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="medium, good, high or best.")] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(help="Refuse what could cost more US dollars on AWS. Here nothing is paid."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Settings of the dataset; options win over it."),
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
    began = time.monotonic()
    chosen = _read_settings(settings)
    options = {
        "target": target,
        "training_minutes": minutes,
        "preset": preset,
        "max_cost_usd": max_cost,
    }
    chosen |= {key: value for key, value in options.items() if value is not None}
    name = name or train.name.split(".csv")[0].removesuffix(train.suffix).removesuffix("_train")
    _require_name(name)
    for file in (train, test):
        _require_readable(file)
    with stoppable():
        _say("Starting the embedded AWS …")
        from local import cloud as embedded
        from local import run_dataset, screen

        dataset = run_dataset.Dataset(name, train, test, chosen)
        with embedded.open_cloud(
            embedded.Settings(
                parameters={"SettleSeconds": "1", "RetrySeconds": "60"},
                logs=out / name / "logs",
                tell=_say if verbose else _say_nothing,
                warn=_say,
            )
        ) as cloud:
            run_dataset.upload(cloud, dataset)
            moments = run_dataset.watch(cloud, dataset)
            last = screen.show_moments(moments, progress_console)
            assert last.status is not None
            seconds = time.monotonic() - began
            results = run_dataset.fetch(cloud, dataset, last.status, out, seconds)
    screen.show_results(results, Console(stderr=as_json))
    if as_json:
        print(json.dumps(results.to_json(), ensure_ascii=False, indent=1))
    if not results.completed:
        _say(f"Logs: {out / name / 'logs'}")
        raise typer.Exit(1)


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 5555,
    api_port: Annotated[int, typer.Option(help="Port of the translation API and its page.")] = 5556,
    env_vars: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Let functions in Docker containers reach it, too, and write what `sam local "
            "--env-vars` needs into FILE.json.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Logs go to DIR/logs/.")] = Path(
        "results"
    ),
) -> None:
    """Keep the embedded AWS up until Ctrl-C: the bucket, and the translation API with its page."""
    with stoppable():
        _say("Starting the embedded AWS …")
        from local import cloud as embedded
        from local import containers, default_translator
        from local.keep_up import instructions, tell_events

        try:
            gateway = containers.gateway_address() if env_vars else None
        except containers.NoDockerError as error:
            _refuse(str(error))
        chosen = embedded.Settings(
            # There is no Amazon Translate here to fall back to.
            parameters={"SettleSeconds": "1", "RetrySeconds": "60", "TranslationFallback": "none"},
            logs=out / "logs",
            port=port,
            api_port=api_port,
            gateway=gateway,
            tell=_say,
            warn=_say,
        )
        try:
            with embedded.open_cloud(chosen) as cloud:
                default_translator.deploy(cloud)
                if env_vars:
                    env_vars.write_text(containers.environments(cloud), "utf-8")
                print(instructions(cloud, env_vars), flush=True)
                tell_events(cloud, _say)
        except (embedded.PortTakenError, default_translator.TranslatorError) as error:
            _refuse(str(error))


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
) -> None:
    """Predict with a trained model on this machine; no AWS at all.

    Writes the columns of FILE as they are, then the prediction, for classes their probabilities,
    and the three strongest reasons.
    """
    from local import predict as prediction

    out = out or file.with_name(f"{file.name.split('.')[0]}_predictions.csv")
    with stoppable():
        _say("Loading the model …")
        try:
            done = prediction.predict(
                model, file, out, safe=not plain, tell=lambda rows: _say(f"{rows} rows …")
            )
        except prediction.PredictError as error:
            _refuse(str(error))
    if done.explained < done.rows:
        _say(f"The first {done.explained} rows have reasons.")
    print(f"{done.rows} rows predicted: {out}")


@app.command(epilog='Example: codefree translate "I love you"')
def translate(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="TEXT", help="What to translate; left out, it is read from stdin."),
    ] = None,
    source: Annotated[str, typer.Option(help="Language of the text.")] = "en",
    target: Annotated[str, typer.Option(help="Language of the translation.")] = "de",
) -> None:
    """Translate English to German on this machine, with the translator that comes along.

    Nothing leaves this machine. It knows short everyday sentences; its model card,
    translator/en-de/README.md, says how well. Line breaks, links, numbers and tags stay.
    """
    from local import default_translator

    if not text and sys.stdin.isatty():
        _say("Type the text, then Ctrl-D:")
    try:
        query = " ".join(text) if text else sys.stdin.read()
        answer = default_translator.translate(query, source, target)
    except (default_translator.TranslatorError, UnicodeDecodeError) as error:
        _refuse(str(error))
    print(answer["translation"])


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
    port: Annotated[int, typer.Option(help="The port that `codefree up` was given.")] = 5555,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object: bucket, datasets, totals.")
    ] = False,
) -> None:
    """List what runs, waits and costs: a line per dataset, the newest first.

    It reads the bucket's results/*/status.json, the training jobs and the queue of uploads.

    It changes nothing. Piped, its columns are separated by tabs.

    A dataset is waiting (for a file, or for AWS), refused, training, completed, failed or stopped.
    """
    if stack is None:
        _forget_own_account()
        _require_running(port)
    from local.stack_finding import look_here, look_in_aws
    from local.stack_status import StackStatusError
    from local.status_screen import show_overview

    now = datetime.now(UTC)
    try:
        overview = look_in_aws(stack, region, profile, now) if stack else look_here(port, now)
    except StackStatusError as error:
        _refuse(str(error))
    if as_json:
        print(json.dumps(overview.to_json(), ensure_ascii=False, indent=1))
    else:
        show_overview(overview, Console())


def main() -> None:
    app()


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
    except ValueError as error:
        _refuse(f"{file} is not JSON: {error}.")
    if not isinstance(settings, dict):
        _refuse(f'{file} must hold a JSON object, such as {{"target": "Survived"}}.')
    return settings


def _require_readable(file: Path | None) -> None:
    try:
        if file is not None:
            file.open("rb").close()
    except OSError as error:
        _refuse(f"Cannot read {file}: {error.strerror}.")


def _require_name(name: str) -> None:
    if "/" in name or name in ("", ".", ".."):
        _refuse(f"{name!r} cannot be the name of a dataset; give another with --name.")


def _require_running(port: int) -> None:
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)):
            _refuse(
                f"Nothing runs on port {port} of this machine. Start it with: codefree up; or "
                "name a stack in AWS with --stack."
            )


def _refuse(reason: str) -> NoReturn:
    progress_console.print(f"[bold]{escape(reason)}[/]", soft_wrap=True)
    raise typer.Exit(1)


def _say(line: str) -> None:
    progress_console.print(escape(line), soft_wrap=True, highlight=False)


def _say_nothing(line: str) -> None:
    """For what only --verbose shows."""
