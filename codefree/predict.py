"""Predict with a trained model on this machine, without any AWS."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from codefree.archives import ArchiveError, unpack
from codefree.folders import temporary_folder
from codefree.functions_code import load
from codefree.guardian import remove
from codefree.processes import end_group, removed_when_killed, started
from codefree.room import FULL
from codefree.words import (
    ENGLISH,
    Message,
    SaidError,
    Words,
    known_language,
    message,
    reason,
    verbatim,
)

CODE = Path("code") / "inference.py"
# What the passport says of where a model comes from.
PASSPORT = ("job", "dataset", "target", "uploaded")
LONGEST_FACT = 60
LONGEST_NOTE = 500
LONGEST_COUNT = 18
WATCH_SECONDS = 0.1
# Some notes, and a line for some thousands of rows.
MOST_SAID_BYTES = 50_000_000
# The model's own code reads it, and is silent about a language that it does not know.
LANGUAGE: str = load("bounds").LANGUAGE_VARIABLE
REASON_COLUMNS: str = load("bounds").REASON_COLUMNS_VARIABLE
WITH_REASON_COLUMNS: str = load("bounds").WITH_REASON_COLUMNS
plain_text: Callable[[str, int], str] = load("messages").plain_text


class PredictError(SaidError):
    """Raised when there is nothing to predict with or from; the message is for the user."""


@dataclass(frozen=True)
class Predicted:
    """What became of a file."""

    rows: int
    explained: int
    """The first so many rows have reasons."""
    notes: tuple[str, ...] = ()
    """What is odd in the rows, a sentence each."""


def predict(
    model: Path,
    file: Path,
    out: Path,
    *,
    safe: bool = True,
    reason_columns: bool = False,
    language: str | None = None,
    tell: Callable[[int], None] = lambda rows: None,
    name_code: Callable[[Message, str], None] = lambda sentence, language: None,
) -> Predicted:
    """Write the rows of `file` with what the model says of each.

    The model's own code reads the file and writes the other; `tell` hears the rows done so far.
    It speaks `language`, else that of the model's report; `name_code` hears whose code that is, and
    which language, before it runs.
    Raises PredictError with a sentence for the user; `out` is as it was then.
    """
    known = language or ENGLISH
    for given in (model, file):
        try:
            given.open("rb").close()
        except OSError as error:
            said = message("cli.unreadable", file=str(given), error=reason(error))
            raise PredictError(said, known) from error
        if out.exists() and out.samefile(given):
            raise PredictError(message("cli.would_overwrite", file=str(out)), known)
    if not out.parent.is_dir():
        said = message("cli.no_folder", file=str(out), folder=str(out.parent))
        raise PredictError(said, known)
    if out.is_dir():
        said = message("cli.unwritable_file", file=str(out), error=message("system.is_folder"))
        raise PredictError(said, known)
    # Beside the place where it goes, so that it can be renamed.
    unfinished = out.with_name(f".{out.name}.new")
    try:
        unfinished.write_bytes(b"")
    except OSError as error:
        said = message("cli.unwritable_file", file=str(out), error=reason(error))
        raise PredictError(said, known) from error
    try:
        with removed_when_killed(unfinished), temporary_folder() as folder:
            unpacked = folder / "model"
            extract_model(model, unpacked, known)
            passport = read_passport(unpacked)
            spoken = language or known_language(passport.get("report_language"))
            name_code(whose_code(model, passport), spoken)
            files = (file.resolve(), unfinished.resolve())
            predicted = ask_model(unpacked, *files, safe, reason_columns, spoken, tell)
            unfinished.replace(out)
    finally:
        remove(unfinished)
    return predicted


def extract_model(model: Path, folder: Path, language: str = ENGLISH) -> None:
    """Unpack a model.tar.gz, which may come from anybody: nothing lands outside the folder."""
    try:
        unpack(model, folder)
    except ArchiveError as error:
        said = message("cli.not_model", model=str(model), reason=error.message)
        raise PredictError(said, language) from error
    except OSError as error:
        if error.errno in FULL:
            raise
        said = message("cli.unreadable", file=str(model), error=reason(error))
        raise PredictError(said, language) from error
    if not (folder / CODE).exists():
        raise PredictError(message("cli.no_code", model=str(model), code=str(CODE)), language)


def whose_code(model: Path, passport: Mapping[str, Any]) -> Message:
    """A sentence about the archive: its hash, and what its passport says of its origin."""
    with model.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = tuple(
        message(f"passport.{key}", value=plain_text(str(passport[key]), LONGEST_FACT))
        for key in PASSPORT
        if passport.get(key) is not None
    )
    origin = message("passport.says", facts=facts) if facts else message("passport.none")
    return message("cli.whose_code", model=str(model), digest=digest, origin=origin)


def read_passport(unpacked: Path) -> Mapping[str, Any]:
    """What a model says of itself; nothing where that is not readable."""
    try:
        passport = json.loads((unpacked / "passport.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return passport if isinstance(passport, dict) else {}


def _text_of_note(written: str) -> str:
    """The sentence of a note, in one line; the code that wrote it may be anybody's."""
    try:
        return plain_text(str(json.loads(written)["text"]), LONGEST_NOTE)
    except (ValueError, TypeError, KeyError, RecursionError):
        return plain_text(written, LONGEST_NOTE)


def ask_model(
    unpacked: Path,
    file: Path,
    into: Path,
    safe: bool,
    reason_columns: bool,
    language: str,
    tell: Callable[[int], None],
) -> Predicted:
    """Let the model's own inference code write the predictions."""
    refusal = unpacked.with_name("reason.txt")
    arguments = [file, into, refusal, "excel" if safe else "plain"]
    said = unpacked.with_name("said.txt")
    with (
        unpacked.with_name("log.txt").open("w+", encoding="utf-8", errors="replace") as log,
        # No pipe: what the code starts and leaves behind could keep that open for ever.
        said.open("wb") as into_said,
        said.open(encoding="utf-8", errors="replace", newline="\n") as lines,
        started(
            [sys.executable, "-P", unpacked / CODE, *arguments],
            # Code of others sees nothing of what the user's environment holds.
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                LANGUAGE: language,
                **({REASON_COLUMNS: "1"} if reason_columns else {}),
                "HOME": str(unpacked.parent),
                "TMPDIR": str(unpacked.parent),
            },
            stdin=subprocess.DEVNULL,
            stdout=into_said,
            stderr=log,
        ) as child,
    ):
        predicted, notes, with_columns = None, list[str](), False
        for line in _lines_until_end(child, lines, log):
            match line.split(maxsplit=2 if line.startswith("note ") else -1):
                case ["note", *_]:
                    notes.append(_text_of_note(line.removeprefix("note ")))
                case [said_so] if said_so == WITH_REASON_COLUMNS:
                    with_columns = True
                case ["rows", rows] if _is_count(rows):
                    tell(int(rows))
                case ["done", rows, explained] if _is_count(rows) and _is_count(explained):
                    predicted = Predicted(int(rows), int(explained), tuple(notes))
        if refusal.is_file():
            raise PredictError(verbatim(refusal.read_text("utf-8", "replace")), language)
        if child.returncode:
            log.seek(0)
            last = log.read()[-LONGEST_NOTE:]
            raise PredictError(message("job.model_code_failed", error=last), language)
    if predicted is None or into.is_symlink() or not into.is_file():
        raise PredictError(message("cli.old_model"), language)
    if reason_columns and not with_columns:
        lacking = Words(language).render(message("note.no_reason_columns"))
        predicted = replace(predicted, notes=(*predicted.notes, lacking))
    return predicted


def _lines_until_end(child: subprocess.Popen[bytes], said: TextIO, log: TextIO) -> Iterator[str]:
    """Each line of `said`, as soon as it is whole, until the child has ended.

    One that says more in either file than there is to say is ended.
    """
    begun = ""
    while child.returncode is None:
        with suppress(subprocess.TimeoutExpired):
            child.wait(WATCH_SECONDS)
        if any(os.fstat(file.fileno()).st_size > MOST_SAID_BYTES for file in (said, log)):
            end_group(child)
            child.wait()
        *lines, begun = (begun + said.read()).split("\n")
        if child.returncode is not None:
            lines, begun = [*lines, begun], ""
        yield from lines


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_COUNT
