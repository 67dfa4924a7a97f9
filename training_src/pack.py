"""The model folder: only what predicting needs, and the code that serves it."""

import platform
import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import xgboost
from autogluon.common.loaders import load_pkl
from autogluon.common.savers import save_pkl
from autogluon.tabular import TabularPredictor
from lightgbm import Booster

import contract
import portable
import reading
from model_code.preprocessor import Preprocessor
from results import write_passport

HERE = Path(__file__).parent
PACKAGES = (
    HERE / "model_code",
    *(Path(package.__file__ or "").parent for package in (contract, reading, portable)),
)
SERVING_CODE = HERE / "inference.py"
# AutoGluon 1.6.3, autogluon.tabular.models.xgboost.xgboost_model.
XGBOOST_FILE = "xgb.ubj"
# Half of a LightGBM model's size: statistics per node for continued training, and tree offsets.
# It loads a model without them.
ONLY_FOR_LEARNING = re.compile(
    r"^(tree_sizes|split_gain|internal_value|internal_weight|leaf_weight)=.*\n", re.MULTILINE
)


def pack(
    predictor: TabularPredictor, preprocessor: Preprocessor, folder: Path, passport: Any
) -> None:
    """Predictor files at the root, as AWS's AutoGluon container wants them."""
    clone = predictor.clone_for_deployment(path=str(folder), return_clone=True, dirs_exist_ok=True)
    _forget_unfinished(folder / "models", clone.model_names())
    for path in (folder / "models").rglob("model.pkl"):
        _forget_how_it_was_learned(path)
    for path in (folder / "models").rglob(XGBOOST_FILE):
        _forget_unused_rounds(path)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(SERVING_CODE, code / SERVING_CODE.name)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package, code / package.name, ignore=ignored, dirs_exist_ok=True)
    preprocessor.save(code)
    write_passport(folder, passport)


def _forget_unfinished(folder: Path, names: Collection[str]) -> None:
    """Delete folders that AutoGluon leaves of bags that ran out of time: they are not models."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path)


def _forget_how_it_was_learned(path: Path) -> None:
    """Predictions and Shapley values stay the same to the last bit."""
    model = load_pkl.load(str(path), verbose=False)
    booster = getattr(model, "model", None)
    if isinstance(booster, Booster):
        booster.model_from_string(ONLY_FOR_LEARNING.sub("", booster.model_to_string()))
        save_pkl.save(str(path), model, verbose=False)


def _forget_unused_rounds(path: Path) -> None:
    """Cut off the rounds after the best one, which XGBoost never predicts with."""
    booster = xgboost.Booster(model_file=path)
    best = booster.attr("best_iteration")
    if best is None:
        return
    used = booster[: int(best) + 1]
    # Of the old one as well: what XGBClassifier and XGBRegressor note of themselves.
    used.set_attr(**{**booster.attributes(), "best_iteration": None})
    used.save_model(path)


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
