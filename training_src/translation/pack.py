"""The model folder of a translator: what translating needs, and the code that serves it."""

import platform
import shutil
from importlib.metadata import version
from pathlib import Path

from libraries import UNPACKED
from translation.export import export
from translation.inference import Translator, load
from translation.job import TranslatorSpec
from translation.network import Network
from translation.vocabulary import subwords_of

SERVING_CODE = Path(__file__).with_name("inference.py")


def pack(network: Network, vocabulary: bytes, folder: Path, spec: TranslatorSpec) -> Translator:
    """translator/ and code/inference.py, as the endpoint wants them; answers the translator."""
    translator = folder / "translator"
    export(network, subwords_of(vocabulary), translator)
    (translator / "subwords.model").write_bytes(vocabulary)
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(SERVING_CODE, code / SERVING_CODE.name)
    if UNPACKED.exists():
        # The endpoint's container lacks them too.
        shutil.copytree(UNPACKED, code / UNPACKED.name)
    return load(translator)


def versions() -> dict[str, str]:
    """What made the translator."""
    packages = ("torch", "ctranslate2", "sentencepiece", "sacrebleu")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
