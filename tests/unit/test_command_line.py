"""A wrong command line is refused before anything starts, in the language that it asks for."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from codefree.cli import app
from codefree.command_line import asked_language, option_as_value, wrong_command
from codefree.room import FILES
from codefree.words import ENGLISH, LANGUAGES, Words, reason
from contract.bounds import MINUTES, PRESETS
from tests.messages import english

TRAIN = "samples/titanic_train.csv"
LOWEST, HIGHEST = MINUTES
WRONG = {
    (): None,
    ("run",): "cli.missing",
    ("predict", "model.tar.gz"): "cli.missing",
    ("run", TRAIN, "--minuts", "3"): "cli.unknown_option_near",
    ("run", TRAIN, "-z"): "cli.unknown_option",
    ("--nothing-like-it", "run"): "cli.unknown_option",
    ("run", TRAIN, "--minutes"): "cli.option_needs_value",
    ("run", TRAIN, "--json=3"): "cli.option_takes_no_value",
    ("run", TRAIN, "--minutes", f"{LOWEST / 2}"): "settings.wrong",
    ("run", TRAIN, "--minutes", f"{HIGHEST + 1}"): "settings.wrong",
    ("run", TRAIN, "--minutes", "soon"): "settings.wrong",
    ("run", TRAIN, "--preset", "extreme"): "settings.wrong",
    ("run", TRAIN, "--language", "xx"): "settings.wrong",
    ("up", "--port=70000"): "settings.wrong",
    ("up", "--port", "4.5"): "settings.wrong",
    ("up", "now"): "cli.too_many",
    ("run", TRAIN, TRAIN, TRAIN): "cli.too_many",
    ("train", TRAIN): "cli.unknown_command",
}


@pytest.mark.parametrize(("line", "code"), WRONG.items(), ids=lambda one: " ".join(one or []))
def test_what_is_wrong_with_a_line_has_a_message_in_every_language(
    line: tuple[str, ...], code: str | None
) -> None:
    with pytest.raises(typer.TyperException) as caught:
        app(list(line), standalone_mode=False)
    wrong = wrong_command(caught.value, line)
    assert (wrong and wrong.code) == code
    for language in set(LANGUAGES) - {ENGLISH}:
        assert wrong is None or english(Words(language).render(wrong)) == []


PROGRAM = typer.main.get_command(app)


@pytest.mark.parametrize(
    ("line", "swallowed"),
    [
        ("run x.csv --target --language ko", ("--target", "--language")),
        ("run --target --language=ko x.csv", ("--target", "--language=ko")),
        ("run x.csv --name --json", ("--name", "--json")),
        ("up --port --help", ("--port", "--help")),
        ("status --profile --stack x", ("--profile", "--stack")),
        ("translate --source --target de", ("--source", "--target")),
        ("run x.csv --target=--language --language ko", None),
        ("run x.csv --json --language ko", None),
        ("run --target y -- --target --language", None),
        ("run x.csv --target --none-of-ours", None),
        ("--target --language", None),
        ("", None),
    ],
)
def test_an_option_is_not_taken_for_the_value_of_another(
    line: str, swallowed: tuple[str, str] | None
) -> None:
    said = option_as_value(PROGRAM, line.split())
    assert (said and (said.values["option"], said.values["value"])) == swallowed


@pytest.mark.parametrize(
    ("line", "code", "limit"),
    [
        ("run {train} --target --language ko", "cli.option_as_value", None),
        ("run {train} --language ko", "cli.few_files", 30),
        ("up --language ko", "cli.few_files", 30),
        ("predict m.tar.gz {train} --language ko", "cli.few_files", 30),
    ],
)
def test_what_cannot_work_is_one_sentence_before_anything_begins(
    tmp_path: Path, line: str, code: str, limit: int | None
) -> None:
    def limit_files() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    train = Path(TRAIN).resolve()
    done = subprocess.run(
        [sys.executable, "-m", "codefree", *(one.format(train=train) for one in line.split())],
        cwd=tmp_path,
        preexec_fn=limit_files,
        capture_output=True,
        text=True,
    )
    values = {"free": limit, "needed": FILES, "option": "--target", "value": "--language"}
    assert done.stderr.split() == Words("ko")(code, **values).split()
    assert (done.stdout, [*tmp_path.iterdir()]) == ("", [])


def test_what_an_option_may_be_and_what_it_was_are_named() -> None:
    line = ["run", TRAIN, "--preset", "extreme"]
    with pytest.raises(typer.TyperException) as caught:
        app(line, standalone_mode=False)
    wrong = wrong_command(caught.value, line)
    assert wrong is not None
    assert (wrong.values["setting"], wrong.values["value"]) == ("--preset", "extreme")
    assert wrong.values["wanted"].values["choices"] == PRESETS


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["run", "x.csv", "--language", "ko"], "ko"),
        (["run", "--language=zh-TW", "--foo"], "zh-TW"),
        (["run", "--language", "ko", "--language", "zh-TW"], "zh-TW"),
        (["run", "--language"], ENGLISH),
        (["run", "--language", "xx"], ENGLISH),
        (["run", "--languages", "ko"], ENGLISH),
        (["ko"], ENGLISH),
        ([], ENGLISH),
    ],
)
def test_the_language_is_found_in_a_line_that_cannot_be_read(
    arguments: list[str], language: str
) -> None:
    assert asked_language(arguments) == language


def refused(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "codefree", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {ENGLISH}))
@pytest.mark.parametrize(
    "line",
    [
        *(("run", "--foo"), ("run", "nothing.csv"), ("run", "x.csv", "--name", "a/b")),
        *(("run", "x.csv", "--settings", file) for file in ("x.csv", "list.json", "no.json")),
        *(("run", "y_test.csv", "y_train.csv"), ("run", "x.csv", "--out", "x.csv")),
        *(("predict", "no.tar.gz", "x.csv"), ("predict", "x.csv", "list.json")),
        ("predict", "x.csv", "x.csv", "--out", "x.csv"),
        *(("up", "--port", "x"), ("up", "--out", "x.csv"), ("up", "--env-vars", "no/x.json")),
        *(("status", "--port", "1"), ("status", "--region", "x"), ("translate", "--target", "ko")),
        ("status", "--stack", "x", "--port", "1"),
        ("status", "--stack", "x", "--profile", "a profile that does not exist"),
    ],
    ids=" ".join,
)
def test_a_refusal_is_in_the_language_asked_for(
    tmp_path: Path, line: tuple[str, ...], language: str
) -> None:
    for name in ("x.csv", "y_train.csv", "y_test.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    (tmp_path / "list.json").write_text(json.dumps([1]))
    said = refused(tmp_path, *line, "--language", language)
    assert said
    assert english(said) == []
    assert "Traceback" not in said


def test_the_language_of_a_settings_file_is_spoken_too(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"report_language": "ko"}))
    said = refused(tmp_path, "run", "nothing.csv", "--settings", "settings.json")
    assert english(said) == []


def test_an_error_of_the_system_has_a_text_in_every_language() -> None:
    with pytest.raises(OSError) as caught:
        Path("/nothing/at/all").read_text()
    odd = OSError(9999, "unheard of")
    for error in (caught.value, odd):
        shown = {Words(language).render(reason(error)) for language in LANGUAGES}
        assert len(shown) == len(LANGUAGES)
