"""The model folder: only what predicting needs, and the code that serves it."""

import json
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

from autogluon.tabular import TabularPredictor

from job_spec import JobSpec

SERVING_CODE = Path(__file__).with_name("inference.py")


def pack(predictor: TabularPredictor, folder: Path, spec: JobSpec) -> None:
    """Predictor files at the root, as AWS's AutoGluon container wants them."""
    predictor.clone_for_deployment(path=str(folder), dirs_exist_ok=True)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(SERVING_CODE, code / SERVING_CODE.name)
    passport = {**spec.passport, "versions": versions()}
    (folder / "passport.json").write_text(json.dumps(passport, ensure_ascii=False, indent=1))


def versions() -> dict[str, str]:
    """What made the model; it loads only in the same AutoGluon and the same Python minor."""
    packages = ("autogluon.tabular", "lightgbm", "xgboost-cpu", "catboost", "pandas")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
