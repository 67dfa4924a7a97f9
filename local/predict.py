"""Predict with a trained model on this machine, without any AWS."""

import codecs
import csv
import io
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from charset_normalizer import from_bytes

PREDICTOR = Path(__file__).with_name("predictor.py")
DELIMITERS = ",;\t|"


class PredictError(Exception):
    """Raised when there is nothing to predict with or from; the text is for the user."""


@dataclass(frozen=True)
class CsvTable:
    """The texts of a CSV file."""

    columns: list[str]
    rows: list[list[str]]

    def to_csv(self) -> str:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()


def predict(model: Path, file: Path, out: Path) -> int:
    """Write the rows of `file` with what the model says of each; the number of rows.

    Raises PredictError with a sentence for the user.
    """
    table = parse_csv(read_bytes(file), file.name)
    with tempfile.TemporaryDirectory(prefix="codefree-") as folder:
        unpacked = Path(folder) / "model"
        extract_model(model, unpacked)
        answer = ask_model(unpacked, table.to_csv(), Path(folder))
    predictions = parse_csv(answer.encode(), "the model's answer")
    joined = CsvTable(
        table.columns + predictions.columns,
        [row + told for row, told in zip(table.rows, predictions.rows, strict=True)],
    )
    # With a byte order mark, because Excel reads UTF-8 only then.
    out.write_text(joined.to_csv(), encoding="utf-8-sig")
    return len(joined.rows)


def read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise PredictError(f"Cannot read {file}: {error.strerror}.") from error


def parse_csv(content: bytes, name: str) -> CsvTable:
    """Columns and rows; encoding and delimiter are found as well as may be."""
    text = _decoded(content, name)
    lines = "".join(text.splitlines(keepends=True)[:100])
    delimiter = max(DELIMITERS, key=lambda mark: _columns_agreed(lines, mark))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns, *rows = [row for row in reader if row] or [[]]
    if not rows:
        raise PredictError(f"{name} has no rows below its column names.")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise PredictError(
                f"{name}, row {number}: {len(row)} fields where the header has {len(columns)}."
            )
    return CsvTable(columns, rows)


def extract_model(model: Path, folder: Path) -> None:
    """Unpack a model.tar.gz, which may come from anybody: nothing lands outside the folder."""
    try:
        with model.open("rb") as file, tarfile.open(fileobj=file, mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
    except FileNotFoundError as error:
        raise PredictError(f"Cannot read {model}: {error.strerror}.") from error
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PredictError(f"{model} is not a model.tar.gz: {error}.") from error
    if not (folder / "code" / "inference.py").exists():
        raise PredictError(f"{model} holds no code/inference.py, so it is not a model of codefree.")


def ask_model(unpacked: Path, rows: str, folder: Path) -> str:
    """What the model's own inference code answers, as CSV."""
    given, answer, reason = folder / "rows.csv", folder / "answer.csv", folder / "reason.txt"
    given.write_text(rows, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", PREDICTOR, unpacked, given, answer, reason],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if reason.exists():
        raise PredictError(reason.read_text("utf-8"))
    if done.returncode:
        raise PredictError(f"The model's own code failed:\n{done.stdout[-2000:]}")
    return answer.read_text("utf-8")


def _decoded(content: bytes, name: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = from_bytes(content).best()
    if best is None:
        raise PredictError(f"{name} is in an unknown encoding; save it as CSV UTF-8.")
    return str(best)


def _columns_agreed(text: str, delimiter: str) -> tuple[int, int]:
    """How many lines a delimiter cuts into as many fields as the first, and how many fields."""
    widths = [len(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    width = widths[0] if widths else 1
    return (widths.count(width) if width > 1 else 0, width)
