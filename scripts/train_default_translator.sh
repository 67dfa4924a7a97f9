#!/bin/sh
# Trains translator/en-de anew: the job that an upload starts, in a folder like a container's.
# Usage: scripts/train_default_translator.sh PAIRS.tsv MINUTES FOLDER
# PAIRS.tsv has the columns source and target, without the sentences of translator/en-de/evaluation.
set -eu
pairs=$1 minutes=$2 folder=$3
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$folder/train" "$folder/job" "$folder/model" "$folder/output/data"
cp "$pairs" "$folder/train/"
cat > "$folder/job/job.json" <<JSON
{"kind": "translator", "dataset": "translation/en-de", "file_stem": "en-de", "job": "default", "seed": 0,
 "source_language": "en", "target_language": "de", "training_minutes": $minutes,
 "train": {"encoding": "utf-8", "delimiter": "\\t"}}
JSON
# As in the job's request.
export GOMP_SPINCOUNT=1000 MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1099511627776
export SM_CHANNEL_TRAIN="$folder/train" SM_CHANNEL_JOB="$folder/job" SM_MODEL_DIR="$folder/model"
export SM_OUTPUT_DIR="$folder/output" SM_OUTPUT_DATA_DIR="$folder/output/data"
# The packages that lie beside the training code in a job.
export PYTHONPATH="$root/functions"
"$root/.venv/bin/python" "$root/training_src/train_translator.py"
echo "Report: $folder/checkpoints/report.html"
echo "Ship it: cp $folder/model/translator/* $root/translator/en-de/"
