"""The child process of `predict`: a SageMaker inference server for one request.

Arguments: the model's folder, rows.csv, where to write the answer, where to write a refusal.
"""

import importlib
import sys
from pathlib import Path


def main(model: Path, rows: Path, answer: Path, reason: Path) -> None:
    sys.path.insert(0, str(model / "code"))
    inference = importlib.import_module("inference")

    predictor = inference.model_fn(str(model))
    try:
        body, _ = inference.transform_fn(predictor, rows.read_text("utf-8"), "text/csv", "text/csv")
    except ValueError as error:
        # The contract of SageMaker's inference server: a ValueError is the caller's mistake.
        reason.write_text(str(error), encoding="utf-8")
        raise
    answer.write_bytes(body.encode() if isinstance(body, str) else body)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
