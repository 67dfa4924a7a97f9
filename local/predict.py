"""Predict with a trained model on this machine, without any AWS."""

import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CODE = Path("code") / "inference.py"


class PredictError(Exception):
    """Raised when there is nothing to predict with or from; the text is for the user."""


@dataclass(frozen=True)
class Predicted:
    """What became of a file."""

    rows: int
    explained: int
    """The first so many rows have reasons."""


def predict(
    model: Path,
    file: Path,
    out: Path,
    *,
    safe: bool = True,
    tell: Callable[[int], None] = lambda rows: None,
) -> Predicted:
    """Write the rows of `file` with what the model says of each.

    The model's own code reads the file and writes the other; `tell` hears the rows done so far.
    Raises PredictError with a sentence for the user; `out` is as it was then.
    """
    if not file.is_file():
        raise PredictError(f"Cannot read {file}: there is no such file.")
    if not out.parent.is_dir():
        raise PredictError(f"Cannot write {out}: there is no folder {out.parent}.")
    with tempfile.TemporaryDirectory(prefix="codefree-") as folder:
        unpacked = Path(folder) / "model"
        extract_model(model, unpacked)
        # Beside the place where it goes, so that it can be renamed.
        unfinished = out.with_name(f".{out.name}.new")
        try:
            predicted = ask_model(unpacked, file.resolve(), unfinished.resolve(), safe, tell)
            unfinished.replace(out)
        finally:
            unfinished.unlink(missing_ok=True)
    return predicted


def extract_model(model: Path, folder: Path) -> None:
    """Unpack a model.tar.gz, which may come from anybody: nothing lands outside the folder."""
    try:
        with model.open("rb") as file, tarfile.open(fileobj=file, mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
    except FileNotFoundError as error:
        raise PredictError(f"Cannot read {model}: {error.strerror}.") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PredictError(f"{model} is not a model.tar.gz: {error}.") from error
    if not (folder / CODE).exists():
        raise PredictError(f"{model} holds no {CODE}, so it is not a model of codefree.")


def ask_model(
    unpacked: Path, file: Path, into: Path, safe: bool, tell: Callable[[int], None]
) -> Predicted:
    """Let the model's own inference code write the predictions."""
    reason = unpacked.with_name("reason.txt")
    arguments = [file, into, reason, "excel" if safe else "plain"]
    with (
        unpacked.with_name("log.txt").open("w+", encoding="utf-8", errors="replace") as log,
        subprocess.Popen(
            [sys.executable, "-P", unpacked / CODE, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as child,
    ):
        assert child.stdout is not None
        predicted = None
        for line in child.stdout:
            match line.split():
                case ["rows", rows]:
                    tell(int(rows))
                case ["done", rows, explained]:
                    predicted = Predicted(int(rows), int(explained))
        child.wait()
        if reason.exists():
            raise PredictError(reason.read_text("utf-8"))
        if child.returncode:
            log.seek(0)
            raise PredictError(f"The model's own code failed:\n{log.read()[-2000:]}")
    if predicted is None:
        raise PredictError("This model was made before models could read files; train it again.")
    return predicted
