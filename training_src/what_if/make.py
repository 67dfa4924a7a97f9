"""The part of the report that answers rows: made of the portable model, or a reason why not."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from contract.bounds import WHAT_IF_BYTES, WhatIfWish
from contract.messages import Message, message, message_to_json
from model_code.preprocessor import Preprocessor
from portable.files import read_files
from portable.model import PortableModel, load_model
from reading.column import CATEGORY, DATE
from refused import Refused
from report.language import Language
from report.template import load_template
from what_if.columns import FormColumn, FormValue, form_columns, moment_of
from what_if.form import form_fields
from what_if.payload import payload
from what_if.refused import NoForm, too_large
from what_if.rows import TrainRows, answers

HERE = Path(__file__).parent
# All others are behind a click.
FIELDS_SHOWN = 12


@dataclass(frozen=True)
class WhatIf:
    """The form with the model inside, and what it says first; or why there is none."""

    section: Markup | None = None
    row: Mapping[str, Any] | None = None
    """The typical row, as people write it."""
    prediction: str | float | None = None
    probabilities: Mapping[str, float] | None = None
    """Of each label; None of numbers."""
    reason: Message | None = None
    """Why there is no form."""

    def to_json(self) -> Mapping[str, Any]:
        """What report.json says of it."""
        if self.reason is not None:
            return {"left_out": message_to_json(self.reason)}
        said = {"row": self.row, "prediction": self.prediction}
        return said if self.probabilities is None else {**said, "probabilities": self.probabilities}


def make_what_if(
    light: Path,
    rows: pd.DataFrame,
    preprocessor: Preprocessor,
    important: Sequence[str],
    say: Language,
    wish: WhatIfWish,
) -> WhatIf | None:
    """The form over the portable model in a folder; None where it is not wanted.

    `rows` are the features of the train rows; `important` has names of columns, the most important
    ones first.
    """
    if wish == "off":
        return None
    try:
        return _made(light, rows, preprocessor, important, say, WHAT_IF_BYTES[wish])
    except Refused as refused:
        return WhatIf(reason=message("what_if.unknown", part=str(refused)))
    except NoForm as refused:
        return WhatIf(reason=refused.reason)


def _made(
    light: Path,
    rows: pd.DataFrame,
    preprocessor: Preprocessor,
    important: Sequence[str],
    say: Language,
    most_bytes: int,
) -> WhatIf:
    if not light.exists():
        raise NoForm(message("what_if.no_portable"))
    model = load_model(light)
    columns = form_columns(model, important)
    of_train = TrainRows(rows, preprocessor, columns)
    typical = of_train.typical()
    first, *others = answers(model, columns, [typical, *of_train.by_chance()])
    packed = payload(*read_files(light), columns, [first, *others], most_bytes)
    section = _section(model, columns, typical, packed, say)
    if len(section.encode()) > most_bytes:
        raise too_large(most_bytes)
    said = first["said"]
    if model.problem == "number":
        return WhatIf(section, _in_words(columns, typical), said[0])
    shares = dict(zip(model.labels, said, strict=True))
    return WhatIf(section, _in_words(columns, typical), model.labels[first["place"]], shares)


def _section(
    model: PortableModel,
    columns: Sequence[FormColumn],
    typical: Sequence[FormValue],
    packed: str,
    say: Language,
) -> Markup:
    fields = form_fields(columns, typical, say)
    asked = {column.name for column in columns}
    code = "\n".join((HERE / name).read_text("utf-8") for name in ("scorer.js", "form.js"))
    is_number = model.problem == "number"
    return Markup(
        load_template(HERE / "section.html.j2").render(
            t=say,
            target=model.target,
            positive=model.labels[1] if model.problem == "binary" else None,
            has_classes=not is_number,
            difference=say("what_if_difference" if is_number else "what_if_points"),
            first=fields[:FIELDS_SHOWN],
            others=fields[FIELDS_SHOWN:],
            ignored=tuple(column.name for column in model.columns if column.name not in asked),
            payload=packed,
            # Both are files of this package; no value of a user is in them.
            script=Markup(code),
        )
    )


def _in_words(columns: Sequence[FormColumn], row: Sequence[FormValue]) -> dict[str, Any]:
    """A row for programs: numbers, categories, and dates in ISO 8601; null where one is missing."""
    return {
        column.name: _in_word(column, value) for column, value in zip(columns, row, strict=True)
    }


def _in_word(column: FormColumn, value: FormValue) -> Any:
    if isinstance(value, list):
        return None if any(map(math.isnan, value)) else value
    if math.isnan(value):
        return None
    if column.column.kind == CATEGORY:
        return column.cell(value)
    return moment_of(value).isoformat() if column.column.kind == DATE else value
