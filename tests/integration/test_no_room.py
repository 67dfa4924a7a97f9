"""The console script on a machine that has no room for it: a sentence, no traceback."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PATIENCE_SECONDS
from tests.console import CODEFREE, ROOT

ROWS = "x,y,label\n" + "".join(f"{n},{n % 7},{n % 2}\n" for n in range(40))
# Tells at its end what was imported that takes seconds.
LIGHT = """
import sys
from codefree.cli import main
try:
    main()
finally:
    print("imported:", *{"moto", "boto3"} & {*sys.modules}, file=sys.stderr)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "toys_train.csv").write_text(ROWS)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def shell(
    folder: Path, line: str, script: str = CODEFREE, **environ: str
) -> "subprocess.CompletedProcess[str]":
    """A line of bash, where codefree is the command; exits as the command does."""
    command = f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}"
    return subprocess.run(
        ["bash", "-c", f'codefree() {{ {command} "$@"; }}; export -f codefree; {line}'],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder / "tmp"),
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def require_sentence(done: "subprocess.CompletedProcess[str]", words: str) -> None:
    assert words in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("codefree run toys_train.csv --out /proc/x", "Cannot write to /proc/x/toys: there is"),
        ("codefree run toys_train.csv --out toys_train.csv", "Choose another folder with --out."),
        ("codefree up --out /proc/x", "Cannot write to /proc/x: there is no such file"),
        (
            "codefree up --port=0 --api-port=0 --env-vars no/x.json",
            "Cannot write no/x.json: there is no such",
        ),
        ("codefree up --port=70000", "--port must be a whole number from 0 to 65535"),
        ("ulimit -v 900000; codefree run toys_train.csv", "878 MB of memory; about 5,000 MB"),
        ("ulimit -v 900000; codefree up", "Raise the limit with: ulimit -v unlimited"),
    ],
)
def test_what_is_known_before_is_said_before_anything_slow(
    folder: Path, line: str, words: str
) -> None:
    done = shell(folder, line, LIGHT)
    assert done.returncode
    require_sentence(done, words)
    assert done.stderr.splitlines()[-1] == "imported:"


@pytest.mark.parametrize("option", ["--port", "--api-port"])
def test_a_taken_port_is_found_before_anything_slow(folder: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = "--api-port" if option == "--port" else "--port"
        done = shell(folder, f"codefree up {option} {port} {other} 0", LIGHT)
    assert done.returncode == 1
    require_sentence(done, f"Choose another with {option}.")
    assert done.stderr.splitlines()[-1] == "imported:"


def test_a_full_disk_behind_stdout_is_a_sentence(folder: Path) -> None:
    done = shell(folder, "codefree run toys_train.csv > /dev/full")
    assert done.returncode == 1
    require_sentence(done, "The disk is full: the output could not be written.")
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("line", ["translate hello", "--version", "--help"])
def test_a_short_command_on_a_full_disk_is_a_sentence(folder: Path, line: str) -> None:
    require_sentence(shell(folder, f"codefree {line} > /dev/full", LIGHT), "The disk is full")


@pytest.mark.parametrize(
    "line",
    [
        "codefree run toys_train.csv | head -1",
        "codefree run toys_train.csv --json | true",
        "codefree run toys_train.csv 2>&1 | head -1",
        "codefree run toys_train.csv --verbose 2>&1 | head -2",
        "codefree --help | true",
    ],
)
def test_a_closed_pipe_ends_the_command_in_silence(folder: Path, line: str) -> None:
    done = shell(folder, f"{line}; exit ${{PIPESTATUS[0]}}")
    require_sentence(done, "")
    assert done.returncode in (0, 1, 128 + signal.SIGPIPE, 128 + signal.SIGTERM)
    assert list((folder / "tmp").iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("where", ["export TMPDIR=$PWD/disk", "OUT=disk"])
def test_a_disk_that_is_full_is_named_before_the_work(folder: Path, where: str) -> None:
    (folder / "disk").mkdir()
    mount = "mount -t tmpfs -o size=5m none disk"
    line = f"{mount} && {where} && codefree run toys_train.csv --out ${{OUT:-out}}"
    done = shell(folder, f"unshare -m bash -c {shlex.quote(line)}", LIGHT)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 1
    require_sentence(done, "MB are free in")


FILL = (
    "until [ -e {begun} ]; do sleep 0.1; done; head -c 999M /dev/zero > disk/fill; "
    "until ! kill -0 $command 2> /dev/null; do sleep 0.1; done"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize(
    ("where", "begun"),
    [
        ("export TMPDIR=$PWD/disk", "disk/codefree-*/opt"),
        ("OUT=disk", "disk/sleeps/logs/StartTrainingFunction.log"),
        ("OUT=disk", "disk/sleeps/logs/sleeps-*.log"),
    ],
)
def test_a_disk_that_fills_up_in_the_middle_ends_the_run_in_a_sentence(
    folder: Path, where: str, begun: str
) -> None:
    (folder / "disk").mkdir()
    run = "codefree run toys_train.csv --name sleeps --out ${OUT:-out} & command=$!"
    line = (
        f"mount -t tmpfs -o size=110m none disk && {where} && {{ {run}; "
        f"{FILL.format(begun=begun)}; rm disk/fill; ls -A disk tmp; wait $command; }}"
    )
    done = shell(folder, f"unshare -m bash -c {shlex.quote(line)}")
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 1
    require_sentence(done, "The disk is full: ")
    assert "codefree-" not in done.stdout


def test_a_folder_of_others_is_named(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (folder / "closed").mkdir(mode=0o500)
    done = shell(folder, "codefree run toys_train.csv --out closed", LIGHT)
    require_sentence(done, "Cannot write to closed/toys: Permission denied.")
