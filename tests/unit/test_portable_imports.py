"""What predicts with a portable model starts fast and fits into a function."""

import subprocess
import sys

from tests.template_facts import ROOT

HEAVY = ("pandas", "pyarrow", "scipy", "sklearn", "autogluon", "charset_normalizer", "model_code")


def test_predicting_with_a_portable_model_imports_numpy_and_nothing_as_large() -> None:
    program = "import sys, portable.model, portable.odd_cells; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "functions", capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "numpy" in loaded, done.stderr
    assert loaded & set(HEAVY) == set()
