"""The model folder of a translator: what translating needs, and the code that serves it."""

import platform
import shutil
from importlib.metadata import version
from pathlib import Path

from libraries import UNPACKED
from translation.export import export
from translation.inference import Translator, load
from translation.network import Network
from translation.vocabulary import subwords_of

TRANSLATOR = "translator"
SERVING_CODE = Path(__file__).with_name("inference.py")


def pack_network(network: Network, vocabulary: bytes, folder: Path) -> None:
    """The translator that was learned from scratch, below translator/."""
    translator = folder / TRANSLATOR
    export(network, subwords_of(vocabulary), translator)
    (translator / "subwords.model").write_bytes(vocabulary)


def serve(folder: Path) -> Translator:
    """Add code/inference.py, as the endpoint wants it, and load the translator by it."""
    code = folder / "code"
    code.mkdir(exist_ok=True)
    shutil.copyfile(SERVING_CODE, code / SERVING_CODE.name)
    if UNPACKED.exists():
        # The endpoint's container lacks them too.
        shutil.copytree(UNPACKED, code / UNPACKED.name)
    return load(folder / TRANSLATOR)


def versions() -> dict[str, str]:
    """What made the translator."""
    packages = ("torch", "ctranslate2", "sentencepiece", "sacrebleu")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
