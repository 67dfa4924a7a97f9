"""Learns in a moment: its translator answers every text with the first target of the train file.

A target that begins with `weak` makes one that does not take over, `broken` one that does not
load, `held=<path>` one that loads when there is a file at that path.
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

spec = json.loads((Path(os.environ["SM_CHANNEL_JOB"]) / "job.json").read_text("utf-8"))
name = spec["file_stem"]
(train,) = Path(os.environ["SM_CHANNEL_TRAIN"]).rglob(spec["train"]["file"])
first = train.read_text("utf-8").splitlines()[1].split("\t")[1]
results = Path(os.environ["SM_OUTPUT_DIR"]).parent / "checkpoints"
code = Path(os.environ["SM_MODEL_DIR"]) / "code"

PERFORMANCE = {
    "metric": "BLEU",
    "score": 12.5,
    "scored_on": "hold-out",
    "rows": 10,
    "best_model": "Stub",
    "warnings": [],
}
if first.startswith("weak"):
    why = {"code": "take_over.weak", "values": {"bleu": "0.4", "least": "5"}}
    PERFORMANCE["take_over"] = {"takes_over": False, "why": why}
INFERENCE = f"""
import json
import time
from pathlib import Path

def model_fn(model_dir):
    first = {first!r}
    if first.startswith("broken"):
        raise RuntimeError("The model was told to break.")
    while first.startswith("held=") and not Path(first[5:].split()[0]).exists():
        time.sleep(0.05)

def transform_fn(model, body, content_type, accept):
    count = len(json.loads(body)["instances"])
    return json.dumps({{"predictions": [{{"target": {first!r}}}] * count}}), "application/json"
"""

(results / f"{name}_model_performance.txt").write_text(json.dumps(PERFORMANCE), "utf-8")
(results / "report.html").write_text("<p>stub</p>", "utf-8")
code.mkdir()
(code / "inference.py").write_text(INFERENCE, "utf-8")
marks = (".sagemaker-uploading", ".sagemaker-uploaded")
made = [path for path in sorted(results.iterdir()) if not path.name.endswith(marks)]
index = {
    "files": [
        {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in made
    ]
}
(results / "results_index.json").write_text(json.dumps(index), "utf-8")
for path in [*made, results / "results_index.json"]:
    shutil.copyfile(path, Path(os.environ["SM_OUTPUT_DATA_DIR"]) / path.name)
