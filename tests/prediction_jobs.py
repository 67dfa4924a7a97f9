"""Make the job that predicts a later test file."""

import json

from automl.plan import TrainingPlan
from tests.plans import plan, spec

MODEL = spec(plan(test=False, settings='{"target": "y"}'))


def later(**settings: float) -> TrainingPlan:
    text = json.dumps({"target": "y", **settings})
    return plan(settings=text)
