"""The model folder: only what predicting needs, and the code that serves it."""

import platform
import shutil
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autogluon.tabular import TabularPredictor

import reading
from model_code.rows import Recipe
from results import write_passport

HERE = Path(__file__).parent
PACKAGES = (HERE / "model_code", Path(reading.__file__).parent)
SERVING_CODE = HERE / "inference.py"


def pack(predictor: TabularPredictor, recipe: Recipe, folder: Path, passport: Any) -> None:
    """Predictor files at the root, as AWS's AutoGluon container wants them."""
    predictor.clone_for_deployment(path=str(folder), dirs_exist_ok=True)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(SERVING_CODE, code / SERVING_CODE.name)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package, code / package.name, ignore=ignored, dirs_exist_ok=True)
    recipe.save(code)
    write_passport(folder, passport)


def versions() -> dict[str, str]:
    """What made the model; it loads only in the same AutoGluon."""
    packages = (
        *("autogluon.tabular", "lightgbm", "xgboost-cpu", "catboost"),
        *("scikit-learn", "pandas", "pyarrow"),
    )
    found = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
