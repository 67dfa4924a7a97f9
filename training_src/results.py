"""The files that the user gets, each as soon as it exists."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from contract.layout import INDEX
from contract.spreadsheet import safe_row
from job_spec import Folders


class Results:
    """Writes into the folder that SageMaker copies live, and once more into the job's output."""

    def __init__(self, folders: Folders, dataset: str) -> None:
        self._folders = folders
        self._dataset = dataset
        self._names: list[str] = []

    def path(self, name: str) -> Path:
        return self._folders.results / name

    def named(self, ending: str) -> str:
        """`titanic_leaderboard.csv` for `_leaderboard.csv`."""
        return f"{self._dataset}{ending}"

    def write(self, name: str, content: str, encoding: str = "utf-8") -> None:
        self.make(name, lambda path: path.write_text(content, encoding=encoding, newline=""))

    def write_table(self, name: str, table: pd.DataFrame) -> None:
        """As CSV, in which no cell and no column name is a formula."""
        written = io.StringIO()
        rows = csv.writer(written, lineterminator="\n")
        rows.writerow(safe_row(table.columns))
        # None is written as nothing.
        cells = table.astype(object).where(table.notna(), None)
        rows.writerows(map(safe_row, cells.itertuples(index=False)))
        self.write(name, written.getvalue())

    def write_json(self, name: str, content: Any) -> None:
        self.write(name, json.dumps(content, ensure_ascii=False, indent=1))

    def make(self, name: str, write: Callable[[Path], Any]) -> None:
        """Write elsewhere, so that readers never see half a file."""
        write(self._folders.unfinished / name)
        self._folders.show(name)
        if name not in self._names:
            self._names.append(name)

    def close(self) -> None:
        """Copy everything to the output folder, with an index to check the live copy against."""
        index = [
            {
                "name": name,
                "bytes": self.path(name).stat().st_size,
                "sha256": hashlib.sha256(self.path(name).read_bytes()).hexdigest(),
            }
            for name in self._names
        ]
        self.write_json(INDEX, {"files": index})
        for name in self._names:
            shutil.copyfile(self.path(name), self._folders.output_data / name)


def write_passport(folder: Path, passport: Any) -> None:
    """passport.json in the model folder: how the model was made, and how good it is."""
    text = json.dumps(passport, ensure_ascii=False, indent=1)
    (folder / "passport.json").write_text(text, encoding="utf-8")
