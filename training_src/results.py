"""The files that the user gets, each as soon as it exists."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from job_spec import Folders


class Results:
    """Writes into the folder that SageMaker copies live, and once more into the job's output."""

    def __init__(self, folders: Folders, dataset: str) -> None:
        self._folder = folders.results
        self._output_data = folders.output_data
        self._unfinished = folders.unfinished
        self._dataset = dataset
        self._names: list[str] = []

    def path(self, name: str) -> Path:
        return self._folder / name

    def named(self, ending: str) -> str:
        """`titanic_leaderboard.csv` for `leaderboard.csv`."""
        return f"{self._dataset}_{ending}"

    def write(self, name: str, content: str, encoding: str = "utf-8") -> None:
        self.make(name, lambda path: path.write_text(content, encoding=encoding, newline=""))

    def write_json(self, name: str, content: Any) -> None:
        self.write(name, json.dumps(content, ensure_ascii=False, indent=1))

    def make(self, name: str, write: Callable[[Path], Any]) -> None:
        """Write elsewhere and move, so that nobody ever sees half a file."""
        unfinished = self._unfinished / name
        write(unfinished)
        shutil.move(unfinished, self.path(name))
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
        self.write_json("results_index.json", {"files": index})
        for name in self._names:
            shutil.copyfile(self.path(name), self._output_data / name)


def write_passport(folder: Path, passport: Any) -> None:
    """passport.json in the model folder: how the model was made, and how good it is."""
    text = json.dumps(passport, ensure_ascii=False, indent=1)
    (folder / "passport.json").write_text(text, encoding="utf-8")
