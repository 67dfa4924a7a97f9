"""A real model is trained again from what it says of itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from contract.bounds import MINUTES
from tests.template_facts import ROOT

SAMPLES = ROOT / "samples"
TIMEOUT_SECONDS = 1200
WANTED = ("--target", "species", "--name", "birds")


def codefree(folder: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "codefree", *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


def test_a_model_is_trained_again_from_its_passport_and_the_same_files(tmp_path: Path) -> None:
    train, minutes = SAMPLES / "penguins_train.csv", max(MINUTES[0], 0.2)
    trained = codefree(tmp_path, "run", train, *WANTED, "--minutes", minutes)
    assert trained.returncode == 0, trained.stderr
    (model,) = tmp_path.glob("results/birds/*/model.tar.gz")
    (tmp_path / "results/birds/runs.html").read_bytes()
    again = codefree(tmp_path, "reproduce", model, SAMPLES, "--json")
    found: dict[str, Any] = json.loads(again.stdout)
    assert found["reproduced"] is (again.returncode == 0)
    codes = [one["code"] for one in found["findings"]]
    assert "reproduce.same_columns" in codes, found
    # In a moment's training luck may decide; that other rows were scored, it may not.
    assert "reproduce.other_rows" not in codes, found
    assert not {"reproduce.other_versions", "reproduce.other_seeds"} & set(codes), found
    assert list(tmp_path.glob("reproduced/birds/*/model.tar.gz"))
