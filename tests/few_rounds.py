"""Training with few rounds of boosting, and few models: seconds instead of all minutes.

All else happens as in production. `few_rounds.py program` runs a program of the job so.
"""

import runpy
import shutil
import sys
from pathlib import Path

ROUNDS = 60
# So few models are tried in vain.
PATIENCE = 1
FULL = Path(__file__).parents[1] / "training_src"


def few_rounds_source(home: Path) -> Path:
    """A copy of the training source, for a stack."""
    source = few_models_source(home)
    _replace(source / "fit.py", " = 3000, 600\n", f" = 3000, {ROUNDS}\n")
    return source


def few_models_source(home: Path) -> Path:
    """The same with all rounds: what is trained without the race is the same as in production."""
    source = shutil.copytree(
        FULL, home / "few models", ignore=shutil.ignore_patterns("__pycache__")
    )
    _replace(source / "race.py", "\nPATIENCE = 20\n", f"\nPATIENCE = {PATIENCE}\n")
    return source


def _replace(file: Path, old: str, new: str) -> None:
    code = file.read_text("utf-8")
    assert code.count(old) == 1
    file.write_text(code.replace(old, new), "utf-8")


def main() -> None:
    del sys.argv[0]
    program = sys.argv[0]
    # As Python itself does for a script.
    sys.path[0] = str(Path(program).parent)
    import fit
    import race

    fit.ROUNDS_ON_FEW_ROWS = ROUNDS
    race.PATIENCE = PATIENCE
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
