"""Fine-tuning by the real script; a tiny Marian checkpoint stands for one of the hub."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codefree.stack_files import ROOT
from contract.job import TranslatorJob
from contract.layout import FAILURE_MESSAGE
from contract.messages import message_from_json

pytest.importorskip("torch", reason="no torch on this machine: make torch")
transformers = pytest.importorskip("transformers", reason="no transformers: make torch")
SCRIPT = ROOT / "training_src" / "train_translator.py"
PAIRS = ROOT / "samples" / "en-de_train.tsv"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model that has learned nothing, with a real tokenizer."""
    import sentencepiece

    folder = tmp_path_factory.mktemp("checkpoint")
    with PAIRS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    pieces: dict[str, int] = {"</s>": 0, "<unk>": 1}
    for side in ("source", "target"):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(row[side] for row in rows),
            model_prefix=str(folder / side),
            vocab_size=400,
            minloglevel=2,
        )
        (folder / f"{side}.model").rename(folder / f"{side}.spm")
        processor = sentencepiece.SentencePieceProcessor(str(folder / f"{side}.spm"))
        for number in range(processor.get_piece_size()):
            pieces.setdefault(processor.id_to_piece(number), len(pieces))
    pieces["<pad>"] = len(pieces)
    (folder / "vocab.json").write_text(json.dumps(pieces), encoding="utf-8")
    tokenizer = transformers.MarianTokenizer(
        str(folder / "source.spm"), str(folder / "target.spm"), str(folder / "vocab.json")
    )
    tokenizer.save_pretrained(folder)
    config = transformers.MarianConfig(
        vocab_size=len(pieces),
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        pad_token_id=pieces["<pad>"],
        eos_token_id=0,
        decoder_start_token_id=pieces["<pad>"],
        forced_eos_token_id=0,
        max_position_embeddings=512,
    )
    transformers.MarianMTModel(config).save_pretrained(folder)
    return folder


def run(folder: Path, base_model: str) -> subprocess.CompletedProcess[str]:
    """The job in a folder like a container's, without any network."""
    for name in ("train", "job", "model", "output/data"):
        (folder / name).mkdir(parents=True)
    (folder / "train" / PAIRS.name).write_bytes(PAIRS.read_bytes())
    job = {
        "kind": TranslatorJob.kind,
        "dataset": "translation/en-de",
        "job": "translation-en-de-0a1b2c3d4e5f",
        "source_language": "en",
        "target_language": "de",
        "training_minutes": 0.1,
        "seed": 0,
        "base_model": base_model,
        "train": {"encoding": "utf-8", "delimiter": "\t"},
    }
    (folder / "job" / "job.json").write_text(json.dumps(job), encoding="utf-8")
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "functions"),
        "HOME": str(folder),
        "HF_HUB_OFFLINE": "1",
        "GOMP_SPINCOUNT": "1000",
        "SM_CHANNEL_TRAIN": str(folder / "train"),
        "SM_CHANNEL_JOB": str(folder / "job"),
        "SM_MODEL_DIR": str(folder / "model"),
        "SM_OUTPUT_DIR": str(folder / "output"),
        "SM_OUTPUT_DATA_DIR": str(folder / "output" / "data"),
    }
    command = [sys.executable, str(SCRIPT)]
    return subprocess.run(command, env=environ, capture_output=True, text=True)


def test_a_checkpoint_is_fine_tuned_scored_and_packed(checkpoint: Path, tmp_path: Path) -> None:
    done = run(tmp_path, str(checkpoint))

    assert done.returncode == 0, done.stderr
    results = tmp_path / "checkpoints"
    performance = json.loads((results / "en-de_model_performance.txt").read_text())
    assert performance["best_model"] == f"{checkpoint}, fine-tuned"
    curve = (results / "en-de_learning_curve.csv").read_text().splitlines()[1:]
    losses = [float(line.split(",")[-1]) for line in curve]
    assert losses[-1] < losses[0]
    # The packed model alone, in another process.
    serving = (
        "import sys; sys.path.insert(0, sys.argv[1] + '/code'); import inference;"
        "model = inference.model_fn(sys.argv[1]);"
        "print(inference.transform_fn(model, sys.argv[2], 'application/json')[0])"
    )
    request = json.dumps({"instances": [{"data": "I love you."}, {"data": "Yes."}]})
    served = subprocess.run(
        [sys.executable, "-c", serving, str(tmp_path / "model"), request],
        capture_output=True,
        text=True,
    )
    assert len(json.loads(served.stdout)["predictions"]) == 2, served.stderr


@pytest.mark.parametrize("kind", ["t5", "missing"])
def test_what_cannot_be_fine_tuned_is_told_in_words(tmp_path: Path, kind: str) -> None:
    name = "no-such/model"
    if kind == "t5":
        name = str(tmp_path / "t5")
        transformers.T5Config().save_pretrained(name)

    done = run(tmp_path / "job", name)

    assert done.returncode == 1
    folder = tmp_path / "job"
    written = (folder / "checkpoints" / FAILURE_MESSAGE).read_text("utf-8")
    reason = message_from_json(json.loads(written)).root
    code = "pairs.base_model_kind" if kind == "t5" else "pairs.base_model_unloadable"
    assert (reason.code, reason.values["name"]) == (code, name)
    assert (folder / "output" / "failure").read_text().startswith(f'The base_model "{name}'[:60])
