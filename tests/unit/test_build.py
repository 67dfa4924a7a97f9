"""What `sam build` made; `make test` builds before it tests."""

import zipfile
from pathlib import Path

import pytest

LAYER = Path(__file__).parents[2] / ".aws-sam" / "build" / "TrainingSourceLayer"


@pytest.mark.skipif(not LAYER.exists(), reason="nothing is built yet: make build")
def test_the_layer_brings_what_the_container_lacks() -> None:
    with zipfile.ZipFile(LAYER / "lib.zip") as packed:
        names = packed.namelist()

    assert any(name.startswith("ctranslate2/_ext.cpython-312-x86_64") for name in names)
    assert {"sentencepiece/__init__.py", "sacrebleu/__init__.py"} <= set(names)
    assert (LAYER / "train.py").exists() and (LAYER / "train_translator.py").exists()
    assert not (LAYER / "lib").exists()
