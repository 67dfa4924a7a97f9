"""Trains in a moment: writes what the real script writes, without fitting anything.

The dataset's name says what is to happen: `fails…` fails, `sleeps…` never ends, `hungry…` is
killed on the smallest machine, `starving…` on every one, `spare…` ends only when it is started
again. So does the train file: the word `broken` in it fails the job.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

spec = json.loads((Path(os.environ["SM_CHANNEL_JOB"]) / "job.json").read_text("utf-8"))
name = spec["dataset"]
(file,) = Path(os.environ["SM_CHANNEL_TRAIN"]).rglob(spec["train"]["file"])
train = file.read_bytes()
output = Path(os.environ["SM_OUTPUT_DIR"])
results = output.parent / "checkpoints"
model = Path(os.environ["SM_MODEL_DIR"])

PROGRESS = {
    "stage": "fitting",
    "percent": 50,
    "seconds": 1.0,
    "seconds_left": 9.0,
    "fitting": "Stub",
    "models": 0,
    "best_model": None,
}
PERFORMANCE = {
    "metric": "accuracy",
    "score": 0.75,
    "higher_is_better": True,
    "scored_on": "hold-out",
    "rows": 4,
    "problem_type": "binary",
    "target": spec["target"],
    "positive_class": "1",
    "classes": ["0", "1"],
    "best_model": "Stub",
    "all_metrics": {"accuracy": 0.75},
    "warnings": [],
}
INFERENCE = """
import sys
from pathlib import Path

file, into, reason, form = sys.argv[1:]
header, *lines = Path(file).read_text("utf-8").splitlines()
rows = [f"{header},prediction", *(f"{line},1" for line in lines)]
Path(into).write_text("\\n".join(rows) + "\\n", "utf-8")
print("done", len(lines), len(lines))
"""

first = not (results / "progress.json").exists()
(results / "progress.json").write_text(json.dumps(PROGRESS), "utf-8")
if name.startswith("sleeps") or (name.startswith("spare") and first):
    time.sleep(600)
small = spec["instance_type"] == "ml.m5.large"
if name.startswith("starving") or (name.startswith("hungry") and small):
    # What Linux does when memory is used up.
    os.kill(os.getpid(), signal.SIGKILL)
if name.startswith("fails") or b"broken" in train:
    (output / "failure").write_text("The stub was told to fail.", "utf-8")
    sys.exit(1)
(results / f"{name}_leaderboard.csv").write_text("model,metric,score_holdout\nStub,accuracy,0.75\n")
(results / f"{name}_model_performance.txt").write_text(json.dumps(PERFORMANCE), "utf-8")
(results / "report.html").write_text(f"<p>{len(train)} bytes</p>", "utf-8")
(model / "code").mkdir()
(model / "code" / "inference.py").write_text(INFERENCE, "utf-8")
others = ("progress.json", ".sagemaker-uploading", ".sagemaker-uploaded")
made = [path for path in sorted(results.iterdir()) if not path.name.endswith(others)]
index = {
    "files": [
        {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in made
    ]
}
(results / "results_index.json").write_text(json.dumps(index), "utf-8")
for path in [*made, results / "results_index.json"]:
    shutil.copyfile(path, Path(os.environ["SM_OUTPUT_DATA_DIR"]) / path.name)
