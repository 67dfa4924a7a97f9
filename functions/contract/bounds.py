"""What a setting may be, for the functions that read it and the command that offers it."""

from collections.abc import Mapping
from typing import Literal, get_args

Preset = Literal["medium", "good", "high", "best"]
PRESETS: tuple[str, ...] = get_args(Preset)
Language = Literal["en", "ko", "zh-TW"]
LANGUAGES: tuple[str, ...] = get_args(Language)
# Whether a new model may answer requests in place of the one that does.
TakeOver = Literal["if_not_worse", "always", "never"]
TAKE_OVERS: tuple[str, ...] = get_args(TakeOver)
# What answers requests to the API with a dataset's model; by its settings nothing may.
ServedBy = Literal["function", "serverless"]
Serve = Literal[ServedBy, "none"]
SERVES: tuple[str, ...] = get_args(Serve)
# The ones with an endpoint of SageMaker, which also takes models that are not portable.
ENDPOINTS: tuple[Serve, ...] = ("serverless",)
# Of the environment of a model's code: in which language it speaks.
LANGUAGE_VARIABLE = "CODEFREE_LANGUAGE"
# The same: set where predictions have columns of reasons; earlier models do not know it.
REASON_COLUMNS_VARIABLE = "CODEFREE_REASON_COLUMNS"
# What a model says that has written them.
WITH_REASON_COLUMNS = "reason_columns"
# From the least to the most.
MINUTES = (0.5, 1440.0)
MAX_COST_USD = (0.01, 1000.0)
THRESHOLD = (0.001, 0.999)
MISS_COSTS = (0.01, 100.0)
# Percent of the requests of the API.
KEEP_REQUESTS = (0.0, 100.0)
# Whether the report answers rows: where it stays small, wherever it can, or never.
WhatIfWish = Literal["auto", "on", "off"]
WHAT_IF_WISHES: tuple[str, ...] = get_args(WhatIfWish)
# The most that this adds to the report.
WHAT_IF_BYTES: Mapping[WhatIfWish, int] = {"auto": 1_000_000, "on": 5_000_000, "off": 0}
