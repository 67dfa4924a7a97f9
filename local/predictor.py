"""The child process of `predict`: runs the model's own code on one file.

Arguments: the model's folder, the rows, where to write the predictions, where to write a refusal,
and `excel` or `plain`. Prints `rows N` as it goes, and `done N EXPLAINED`.
"""

import importlib
import sys
from pathlib import Path


def main(model: Path, file: str, into: str, reason: Path, form: str) -> None:
    sys.path.insert(0, str(model / "code"))
    inference = importlib.import_module("inference")
    try:
        if not hasattr(inference, "predict_file"):
            raise ValueError("This model was made before models could read files; train it again.")
        written = inference.predict_file(
            str(model), file, into, form == "excel", lambda rows: print("rows", rows, flush=True)
        )
    except Exception as error:
        # A ValueError is the caller's mistake, as in SageMaker's inference server.
        if isinstance(error, ValueError) or type(error).__name__ == "UnreadableError":
            reason.write_text(str(error), encoding="utf-8")
        raise
    print("done", written.rows, written.explained, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]), sys.argv[5])
