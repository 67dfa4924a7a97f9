"""Training with few rounds of boosting: models come in seconds instead of filling their time.

All else happens as in production. `few_rounds.py program` runs a program of the job so.
"""

import runpy
import shutil
import sys
from pathlib import Path

ROUNDS = 60
FULL = Path(__file__).parents[1] / "training_src"


def few_rounds_source(home: Path) -> Path:
    """A copy of the training source, for a stack."""
    source = shutil.copytree(
        FULL, home / "few rounds", ignore=shutil.ignore_patterns("__pycache__")
    )
    code = (source / "fit.py").read_text("utf-8")
    assert code.count(" = 3000, 600\n") == 1
    code = code.replace(" = 3000, 600\n", f" = 3000, {ROUNDS}\n")
    (source / "fit.py").write_text(code, "utf-8")
    return source


def main() -> None:
    del sys.argv[0]
    program = sys.argv[0]
    # As Python itself does for a script.
    sys.path[0] = str(Path(program).parent)
    import fit

    fit.ROUNDS_ON_FEW_ROWS = ROUNDS
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
