"""What one would write by hand: the same files through AutoGluon's own functions, one by one.

Reads a SageMaker job's variables; `--label` names the target, which the test file must have. Prints
`STAGES {…}` with the seconds of each step.
"""

import argparse
import json
import os
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from autogluon.tabular import TabularPredictor
from sklearn.metrics import ConfusionMatrixDisplay

START = time.time()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--label", required=True)
    options.add_argument("--time-limit", type=float, default=60)
    given = options.parse_args()
    out = Path(os.environ["SM_OUTPUT_DATA_DIR"])
    (train_file,) = Path(os.environ["SM_CHANNEL_TRAINING"]).glob("*_train.csv")
    name = train_file.name.removesuffix("_train.csv")
    stages: dict[str, float] = {}
    began = START

    def done(stage: str) -> None:
        nonlocal began
        stages[stage], began = round(time.time() - began, 2), time.time()

    done("import")
    train = pd.read_csv(train_file)
    test = pd.read_csv(train_file.with_name(f"{name}_test.csv"))
    done("read")
    predictor = TabularPredictor(given.label, path=os.environ["SM_MODEL_DIR"])
    predictor.fit(train, time_limit=given.time_limit, presets="medium_quality")
    done("fit")
    predictor.leaderboard(test).to_csv(out / f"{name}_leaderboard.csv", index=False)
    done("leaderboard")
    (out / f"{name}_fit_summary.txt").write_text(str(predictor.fit_summary(verbosity=0)))
    scores = predictor.evaluate(test, auxiliary_metrics=True)
    (out / f"{name}_model_performance.txt").write_text(json.dumps(scores, default=float))
    done("evaluate")
    answer = predictor.predict(test)
    predictions = pd.DataFrame({"prediction": answer})
    if predictor.problem_type in ("binary", "multiclass"):
        predictions = predictions.join(predictor.predict_proba(test).add_prefix("probability_"))
    predictions.to_csv(out / f"{name}_test_prediction.csv", index=False)
    done("predict")
    if predictor.problem_type in ("binary", "multiclass"):
        ConfusionMatrixDisplay.from_predictions(test[given.label], answer)
        plt.savefig(out / f"{name}_eval.png")
    done("plots")
    print("STAGES", json.dumps(stages))


if __name__ == "__main__":
    main()
