import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

from contract.messages import message, render
from pipeline.training_source import TrainingSource


def folder_with(tmp_path: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path


def test_the_tarball_holds_the_sources_and_nothing_that_python_cached(tmp_path: Path) -> None:
    files = {"train.py": "print()", "a/b.html": "x", "__pycache__/c.pyc": "", ".hidden": ""}
    source = TrainingSource(folder_with(tmp_path, files))
    with tarfile.open(fileobj=io.BytesIO(source.tarball()), mode="r:gz") as archive:
        names = archive.getnames()
        own = [
            name for name in names if not name.startswith(("contract/", "reading/", "portable/"))
        ]
        assert own == ["a/b.html", "train.py"]
        packed = archive.extractfile("train.py")
        assert packed is not None and packed.read() == b"print()"


def test_what_reads_files_goes_along_and_can_be_imported_from_there(tmp_path: Path) -> None:
    source = TrainingSource(folder_with(tmp_path / "source", {"train.py": ""}))
    with tarfile.open(fileobj=io.BytesIO(source.tarball()), mode="r:gz") as archive:
        archive.extractall(tmp_path / "job", filter="data")
    program = (
        "import contract.job; from contract.messages import render, message;"
        "from reading.head import read_head;"
        "print(read_head(b'a,b\\n1,2', True, 'x.csv').rows, render(message('file.empty'), 'ko'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "job", capture_output=True, text=True
    )
    empty = render(message("file.empty"), "ko")
    assert done.stdout == f"(('1', '2'),) {empty}\n", done.stderr


def test_the_same_files_give_the_same_bytes_whenever_they_were_written(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {"train.py": "print()"})
    before = TrainingSource(folder)
    key, tarball = before.key, before.tarball()
    os.utime(folder / "train.py", (0, 0))
    assert (TrainingSource(folder).key, TrainingSource(folder).tarball()) == (key, tarball)


def test_other_content_gets_another_key(tmp_path: Path) -> None:
    one = TrainingSource(folder_with(tmp_path / "1", {"train.py": "1"})).key
    other = TrainingSource(folder_with(tmp_path / "2", {"train.py": "2"})).key
    assert one != other and one.startswith("source/") and one.endswith("/sourcedir.tar.gz")
