"""The job itself: real AutoGluon fits on small real data, in a folder like the container's."""

import csv
import hashlib
import html
import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from codefree.predict import predict
from contract.bounds import LANGUAGES
from contract.layout import PORTABLE_MODEL, PREDICTIONS, REPORT, REPORT_JSON
from contract.messages import message, message_from_json, render
from model_code.amounts import MINUS, STRONGEST
from portable.files import ARRAYS, DESCRIPTION
from progress import BEAT_SECONDS
from restart import EarlierRuns
from tests.conftest import eventually
from tests.few_rounds import ROUNDS
from tests.messages import notes_by_code
from tests.opt_ml import ROOT, SAMPLES, OptMl, opt_ml, pack

FILES = [
    "leaderboard.csv",
    "fit_summary.txt",
    "model_performance.txt",
    "eval.png",
    "feature_importance.csv",
]


def cut(name: str, rows: int, skip: int = 0) -> str:
    header, *lines = (SAMPLES / name).read_text().splitlines()
    return "\n".join([header, *lines[skip : skip + rows]]) + "\n"


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """Titanic with a labelled test file, whose first row is of the positive class."""
    job = opt_ml(
        tmp_path_factory.mktemp("binary"),
        cut("titanic_train.csv", 600),
        cut("titanic_train.csv", 200, skip=600),
        target="Survived",
        dataset="값 (1)",
        id_column="PassengerId",
        miss_costs=2.0,
        all_rounds=True,
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


@pytest.fixture(scope="module")
def multiclass(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """Penguins without a test file."""
    job = opt_ml(
        tmp_path_factory.mktemp("multiclass"), SAMPLES / "penguins_train.csv", target="species"
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> OptMl:
    """Body mass of penguins, with a test file that lacks it and holds odd cells."""
    train = pd.read_csv(SAMPLES / "penguins_train.csv", dtype=str, keep_default_na=False)
    test = train.iloc[:40].drop(columns="body_mass_g")
    test.loc[3, "bill_length_mm"] = "41,5?"
    test.loc[5, "species"] = "=HYPERLINK(1)"
    job = opt_ml(
        tmp_path_factory.mktemp("regression"),
        train.to_csv(index=False),
        test.to_csv(index=False),
        target="body_mass_g",
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    return job


def test_a_job_that_is_cut_off_and_started_again_has_the_rest_of_the_time_and_says_so(
    tmp_path: Path,
) -> None:
    """As SageMaker does when it takes a spare machine away: only the results folder is kept."""
    job = opt_ml(
        tmp_path,
        cut("titanic_train.csv", 400),
        target="Survived",
        dataset="cut",
        report_language="ko",
        all_rounds=True,
    )
    progress = job.results / "progress.json"
    with (tmp_path / "first.log").open("wb") as log:
        run = subprocess.Popen(job.command(), env=job.environ, stdout=log, stderr=log)
        eventually(lambda: progress.exists() and seconds_told(progress) >= BEAT_SECONDS)
        run.kill()
        run.wait()
    used = EarlierRuns(1, seconds_told(progress))
    shutil.rmtree(job.model)
    assert replace(job, all_rounds=False).train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    restarted = notes_by_code(performance)["note.started_again"].values
    assert (restarted["left"], restarted["all"]) == (f"{used.leave(30) / 60:.1f}", "0.5")
    assert float(restarted["left"]) < 0.5
    told = render(message("note.started_again", **restarted), "ko")
    assert told in performance["warnings"]
    assert html.escape(told) in (job.results / "report.html").read_text()
    assert (job.model / "passport.json").exists()
    assert json.loads(progress.read_text())["interruptions"] == 1


def seconds_told(progress: Path) -> float:
    return float(json.loads(progress.read_text("utf-8"))["seconds"])


def test_every_file_is_there_and_in_the_index(binary: OptMl) -> None:
    index = json.loads((binary.results / "results_index.json").read_text())["files"]
    names = {f"{binary.dataset}_{ending}" for ending in FILES}
    others = {REPORT, REPORT_JSON, PORTABLE_MODEL, f"{binary.dataset}{PREDICTIONS}"}
    assert names | others == {file["name"] for file in index}
    for file in index:
        assert (binary.results / file["name"]).stat().st_size == file["bytes"] > 0
        assert (binary.root / "output/data" / file["name"]).exists()
    assert not [path for path in binary.results.iterdir() if path.name.startswith(".")]


def test_a_labelled_test_file_is_what_is_scored(binary: OptMl) -> None:
    performance = binary.performance()
    assert (performance["metric"], performance["scored_on"]) == ("roc_auc", "test file")
    assert performance["rows"] == 200
    assert performance["score"] > 0.75
    board = pd.read_csv(binary.result("leaderboard.csv"))
    assert {"score_test", "score_val", "fit_seconds", "predict_seconds_val"} <= set(board)
    assert performance["best_model"] in set(board["model"])


def test_the_score_is_the_one_that_the_predictions_file_gives(binary: OptMl) -> None:
    """Upside-down classes or shuffled rows would show here."""
    from sklearn.metrics import roc_auc_score

    found = pd.read_csv(binary.result("test_prediction.csv"), encoding="utf-8-sig")
    again = roc_auc_score(found["Survived"] == 1, found["probability_1"])
    assert again == pytest.approx(binary.performance()["score"], abs=1e-6)
    assert binary.performance()["positive_class"] == "1"


def test_predictions_keep_every_row_and_cell_of_the_input(binary: OptMl) -> None:
    with binary.result("test_prediction.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = list(csv.reader(file))
    with (binary.root / f"input/data/test/{binary.dataset}_test.csv").open(newline="") as file:
        given_header, *given = list(csv.reader(file))
    new = ["prediction", "probability_0", "probability_1", "reasons"]
    assert header == [*given_header, *new]
    assert [row[: len(given_header)] for row in rows] == given


def test_excel_sees_that_the_predictions_are_utf8(binary: OptMl) -> None:
    assert binary.result("test_prediction.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_id_column_is_no_feature(binary: OptMl) -> None:
    importance = pd.read_csv(binary.result("feature_importance.csv"))
    assert "PassengerId" not in set(importance["feature"])
    assert {"Sex", "Pclass"} <= set(importance["feature"])


def test_the_report_needs_nothing_else(binary: OptMl) -> None:
    report = (binary.results / "report.html").read_text()
    assert "predicting Survived" in report and report.count("<svg") > 5
    assert "http://" not in report and "https://" not in report


def test_without_a_test_file_every_row_is_scored_by_models_that_have_not_seen_it(
    multiclass: OptMl,
) -> None:
    performance = multiclass.performance()
    assert (performance["metric"], performance["scored_on"]) == ("accuracy", "out-of-fold")
    assert performance["rows"] == 275
    assert performance["score"] > 0.9
    assert performance["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert not multiclass.result("test_prediction.csv").exists()


def test_regression_is_scored_in_the_sign_that_people_know(regression: OptMl) -> None:
    performance = regression.performance()
    assert performance["metric"] == "root_mean_squared_error"
    assert not performance["higher_is_better"]
    assert 100 < performance["score"] < 800
    assert (pd.read_csv(regression.result("leaderboard.csv"))["score_val"] > 0).all()


def test_odd_cells_of_a_test_file_cost_no_row(regression: OptMl) -> None:
    found = pd.read_csv(regression.result("test_prediction.csv"), encoding="utf-8-sig", dtype=str)
    assert len(found) == 40
    assert found["prediction"].notna().all()
    assert found["bill_length_mm"][3] == "41,5?"
    (warning,) = [w for w in regression.performance()["warnings"] if "41,5?" in w]
    assert "row 4" in warning


def test_progress_ends_at_a_hundred_percent(multiclass: OptMl) -> None:
    progress = json.loads((multiclass.results / "progress.json").read_text())
    assert (progress["stage"], progress["percent"]) == ("done", 100)
    assert progress["best_model"]["metric"] == "log_loss"
    assert 1 <= progress["models"] <= len(pd.read_csv(multiclass.result("leaderboard.csv")))


def test_importance_is_of_unseen_rows_where_the_preset_fits_on_all_of_them(tmp_path: Path) -> None:
    job = opt_ml(
        tmp_path,
        SAMPLES / "penguins_train.csv",
        target="species",
        preset="good",
        training_seconds=15,
    )
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    assert performance["best_model"].endswith("_FULL")
    assert performance["scored_on"] == "out-of-fold"
    importance = pd.read_csv(job.result("feature_importance.csv"))
    assert importance["importance"].max() > 0
    assert len(importance) == len(cut("penguins_train.csv", 0).split(",")) - 1


def test_every_prediction_has_reasons_that_lead_to_it_and_point_the_right_way(
    binary: OptMl,
) -> None:
    found = pd.read_csv(binary.result("test_prediction.csv"), encoding="utf-8-sig")
    reasons = found["reasons"].str.split("; ")
    assert reasons.str.len().between(1, STRONGEST + 1).all()
    explained = found[found["reasons"].str.contains("Sex =")]
    assert len(explained) > 150
    for sex, sign in (("female", r"\+"), ("male", MINUS)):
        rows = explained.loc[explained["Sex"] == sex, "reasons"]
        assert rows.str.contains(f"Sex = {sex} {sign}").mean() > 0.9
    ends = explained["reasons"].str.extract(r"→ ([\d.]+)%")[0].astype(float)
    assert np.allclose(ends, 100 * explained["probability_1"], atol=0.11)


def test_shapley_values_add_up_to_what_each_tree_model_says(model: Any, binary: OptMl) -> None:
    """All columns together explain all of the difference between rows, in log-odds or points."""
    from model_code.reasons import _in_shares, _moved
    from model_code.requests import request_rows

    csv, needed = given_rows(binary, 50).to_csv(), model.preprocessor.needed
    rows = model.preprocessor.features(request_rows(csv, "text/csv", needed, ","))
    inner = model.predictor.transform_features(rows)
    kinds = set()
    for member in model.reasons._members:
        _, values = _moved(member, inner)
        chance = np.asarray(member.model.predict_proba(inner), dtype=float)
        said = values.sum(axis=1)
        said = said if _in_shares(member.model) else expit(said)
        assert np.allclose(said, chance, atol=1e-5)
        kinds.add(type(member.model).__name__)
    assert len(kinds) >= 2


def test_a_model_of_another_autogluon_is_refused_in_words(
    server: ModuleType, binary: OptMl, tmp_path: Path
) -> None:
    folder = shutil.copytree(binary.model, tmp_path / "model")
    passport = json.loads((folder / "passport.json").read_text())
    passport["versions"]["autogluon.tabular"] = "0.8.2"
    (folder / "passport.json").write_text(json.dumps(passport))
    with pytest.raises(server.OtherVersionError) as refused:
        server.model_fn(str(folder))
    here = version("autogluon.tabular")
    assert str(refused.value) == render(message("model.other_version", made_by="0.8.2", here=here))


def test_what_is_wrong_with_data_is_named_and_costs_no_row(tmp_path: Path) -> None:
    """A leak, a copy of the target, a class that train never has, rows that are too long."""
    train = pd.read_csv(SAMPLES / "penguins_train.csv", dtype=str, keep_default_na=False)
    train["abbreviation"] = train["species"].str.upper().str.slice(0, 3)
    train["same"] = train["species"]
    test = train.iloc[:30].copy()
    test.loc[2, "species"] = "Emperor"
    lines = test.to_csv(index=False).splitlines()
    lines[5] += ",too,long"
    job = opt_ml(tmp_path, train.to_csv(index=False), "\n".join(lines) + "\n", target="species")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    notes = {code: note.values for code, note in notes_by_code(performance).items()}
    assert notes["note.leak_tested"]["suspects"] == ("abbreviation",)
    # It is told first of all, and what a model gets without the column beside it.
    assert performance["notes"][0]["code"] == "note.leak_tested"
    assert notes["note.leak_tested"]["without"] <= notes["note.leak_tested"]["score"]
    assert performance["verdict"]["color"] == "red"
    assert "same" in notes["note.copy_of_target"]["columns"]
    assert (notes["note.unseen_classes"]["count"], notes["note.long_rows"]["rows"]) == (1, 1)
    assert performance["rows"] == 29
    assert len(pd.read_csv(job.result("test_prediction.csv"), encoding="utf-8-sig")) == 30


def test_four_rows_of_a_class_are_four_folds(tmp_path: Path) -> None:
    """A fold without one of them could not be scored, and no model would be left."""
    rows = "".join(
        f"{n % 7},the {'mouldy' if n < 4 else 'quiet'} room {n} of the house,"
        f"{'yes' if n < 4 else 'no'}\n"
        for n in range(300)
    )
    job = opt_ml(tmp_path, f"floor,note,damp\n{rows}", target="damp")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    assert (performance["scored_on"], performance["rows"]) == ("out-of-fold", 300)


def test_numbers_are_predicted_from_texts(tmp_path: Path) -> None:
    words = "new large quiet bright old".split()
    rows = "".join(
        f"{n % 4},{' '.join(w for i, w in enumerate(words) if n >> i & 1)} flat {n},"
        f"{1000.5 + 321.75 * (n & 1) + 99 * (n % 4)}\n"
        for n in range(150)
    )
    job = opt_ml(tmp_path, f"rooms,text,price\n{rows}", target="price")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    assert performance["problem_type"] == "regression"
    assert performance["score"] < performance["naive_score"]


def test_the_score_has_an_interval_and_a_guess_beside_it(binary: OptMl) -> None:
    performance = binary.performance()
    low, high = performance["interval"]
    assert low < performance["score"] < high
    assert performance["naive_score"] == pytest.approx(0.5)
    assert 0.6 < performance["linear_score"] < 0.95
    assert set(performance["seconds"]) >= {"reading", "fitting", "scoring", "reasons"}


def test_the_passport_has_what_is_needed_to_make_the_model_again(binary: OptMl) -> None:
    passport = json.loads((binary.model / "passport.json").read_text())
    train = binary.root / f"input/data/train/{binary.dataset}_train.csv"
    digest = hashlib.sha256(train.read_bytes()).hexdigest()
    assert passport["sha256"][train.name] == digest
    assert {"python", "autogluon.tabular", "lightgbm"} <= set(passport["versions"])
    assert passport["performance"]["score"] == binary.performance()["score"]
    assert passport["light"]["max_difference"] <= 1e-6
    assert {path.name for path in (binary.model / "light").iterdir()} == {DESCRIPTION, ARRAYS}


def train_here(job: OptMl, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the job in this process, which has imported AutoGluon already."""
    import train
    from job import run_job

    for name, value in job.environ.items():
        monkeypatch.setenv(name, value)
    return run_job(train.train)


def test_a_part_that_breaks_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fit
    import train

    def broken(*_: object, **__: object) -> None:
        raise OSError("no space left on the wall")

    for part in ("draw_png", "importance"):
        monkeypatch.setattr(train, part, broken)
    penguins = (SAMPLES / "penguins_train.csv").read_text()
    monkeypatch.setattr(fit, "ROUNDS_ON_FEW_ROWS", ROUNDS)
    job = opt_ml(tmp_path, penguins, penguins, target="species")
    assert train_here(job, monkeypatch) == 0
    notes = map(message_from_json, job.performance()["notes"])
    failed = [note.values["part"].code for note in notes if note.code == "note.part_failed"]
    assert failed == ["part.plots", "part.importance"]
    assert "no space left on the wall" in (job.results / "report.html").read_text()
    assert not job.result("eval.png").exists()
    assert len(pd.read_csv(job.result("test_prediction.csv"))) == 275
    assert (job.model / "predictor.pkl").exists()


@pytest.mark.parametrize("ending", [".csv.gz", ".parquet", ".xlsx"])
def test_codefree_predict_says_of_any_file_what_the_job_said(
    binary: OptMl, tmp_path: Path, ending: str
) -> None:
    model, rows = pack(binary, tmp_path / "model.tar.gz"), given_rows(binary)
    file = tmp_path / f"rows{ending}"
    if ending == ".parquet":
        rows.to_parquet(file)
    elif ending == ".xlsx":
        rows.to_excel(file, index=False)
    else:
        rows.to_csv(file, index=False)
    done = predict(model, file, tmp_path / "out.csv")
    assert (done.rows, done.explained) == (5, 5)
    found = pd.read_csv(tmp_path / "out.csv", encoding="utf-8-sig")
    names = ["prediction", "probability_0", "probability_1"]
    pd.testing.assert_frame_equal(found[names], expected(binary), atol=1e-6)


# --- The model serves ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(regression: OptMl, binary: OptMl) -> ModuleType:
    spec = importlib.util.spec_from_file_location("served", binary.model / "code/inference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # It found its packages in its own folder; the tests' are the same.
    sys.path.remove(str(binary.model / "code"))
    return module


@pytest.fixture(scope="module")
def model(server: ModuleType, binary: OptMl) -> Any:
    return server.model_fn(str(binary.model))


def given_rows(binary: OptMl, rows: int = 5) -> pd.DataFrame:
    path = binary.root / f"input/data/test/{binary.dataset}_test.csv"
    return pd.read_csv(path, nrows=rows)


def expected(binary: OptMl, rows: int = 5) -> pd.DataFrame:
    found = pd.read_csv(binary.result("test_prediction.csv"), encoding="utf-8-sig", nrows=rows)
    return found[["prediction", "probability_0", "probability_1"]]


@pytest.mark.parametrize("kind", ["text/csv", "application/json", "application/jsonlines"])
def test_the_model_answers_each_kind_as_the_predictions_file_does(
    server: ModuleType, model: Any, binary: OptMl, kind: str
) -> None:
    rows = given_rows(binary)
    body = {
        "text/csv": rows.to_csv(index=False),
        "application/json": rows.to_json(orient="records"),
        "application/jsonlines": rows.to_json(orient="records", lines=True),
    }[kind]
    answer, content_type = server.transform_fn(model, body, kind, "application/json")
    found = pd.DataFrame(json.loads(answer))
    assert content_type == "application/json"
    pd.testing.assert_frame_equal(
        found.astype(float), expected(binary).astype(float), check_exact=False, atol=1e-6
    )


def test_a_csv_without_a_header_is_taken_in_training_order(
    server: ModuleType, model: Any, binary: OptMl
) -> None:
    rows = given_rows(binary)[model.preprocessor.needed]
    body = rows.to_csv(index=False, header=False).encode()
    answer, content_type = server.transform_fn(model, body, "text/csv", "text/csv")
    assert content_type == "text/csv"
    assert answer.splitlines()[0] == "prediction,probability_0,probability_1"
    assert len(answer.splitlines()) == 6


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        ("Sex,Age\nmale,3\n", "text/csv", "data.rows_lack"),
        ("1,2\n", "text/csv", "request.no_header"),
        ("", "text/csv", "request.empty"),
        (b"Sex\n\xff\n", "text/csv", "request.encoding"),
        ("{", "application/json", "request.json_broken"),
        ("[" * 100_000, "application/json", "request.not_json"),
        ("[1]", "application/json", "request.not_objects"),
        ('{"Sex": ["male"], "Age": []}', "application/json", "request.uneven_columns"),
        ("x", "image/png", "request.kind"),
    ],
)
def test_a_request_that_cannot_be_predicted_is_answered_in_the_reports_language(
    server: ModuleType, model: Any, body: str | bytes, kind: str, code: str
) -> None:
    for language in LANGUAGES:
        speaking = server.Model(model.predictor, model.preprocessor, language)
        with pytest.raises(ValueError) as refused:
            server.transform_fn(speaking, body, kind, "application/json")
        assert refused.value.__cause__.message.code == code
        assert str(refused.value) == render(refused.value.__cause__.message, language)


def test_the_cost_of_a_miss_decides_from_which_probability_on_a_row_is_positive(
    server: ModuleType, model: Any, binary: OptMl
) -> None:
    found = pd.read_csv(binary.result("test_prediction.csv"), encoding="utf-8-sig")
    called = (found["probability_1"] >= 1 / 3).astype(int)
    assert list(found["prediction"]) == list(called)
    assert list(called) != list((found["probability_1"] >= 0.5).astype(int))
    performance = binary.performance()
    assert performance["threshold"] == pytest.approx(1 / 3)
    truth = pd.read_csv(binary.file("test"))["Survived"]
    assert performance["all_metrics"]["accuracy"] == pytest.approx((truth == called).mean())
    assert notes_by_code(performance)["note.miss_costs"].values["ratio"] == "2"
    body = given_rows(binary, len(found)).to_csv(index=False)
    answer, _ = server.transform_fn(model, body, "text/csv", "application/json")
    assert [int(row["prediction"]) for row in json.loads(answer)] == list(called)


def test_the_model_folder_holds_only_what_serving_needs(binary: OptMl) -> None:
    assert (binary.model / "predictor.pkl").exists()
    assert (binary.model / "code/inference.py").read_text() == (
        ROOT / "training_src/inference.py"
    ).read_text()
    size = sum(path.stat().st_size for path in binary.model.rglob("*") if path.is_file())
    assert size < 10_000_000
    assert json.loads((binary.model / "passport.json").read_text())["target"] == "Survived"


# --- What cannot work ends in one sentence ------------------------------------------------

GOOD = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(60))
BROKEN: dict[str, tuple[str, str]] = {
    "lines with too many fields": (
        f"a,b,y\n{GOOD}" + "1,2,3,4,5\n" * 10 + GOOD,
        "file.long_rows",
    ),
    "a quote that never ends": (f'a,b,y\n{GOOD}1,"2,3\nwords\n{GOOD}', "file.open_quote"),
    "no such target": (f"a,b,z\n{GOOD}", "target.not_found"),
    "one class": ("a,y\n" + "".join(f"{n},x\n" for n in range(60)), "target.one_class"),
    "no target at all": ("a,y\n" + "".join(f"{n},\n" for n in range(60)), "target.no_value"),
    "only constant columns": (
        "a,y\n" + "".join(f"1,{n % 2}\n" for n in range(60)),
        "data.nothing_to_learn",
    ),
    "as many classes as rows": (
        "a,y\n" + "".join(f"{n % 5},text {n}\n" for n in range(60)),
        "target.too_many_classes",
    ),
}


def test_classes_of_a_single_row_cost_their_rows_and_not_the_job(tmp_path: Path) -> None:
    common = "".join(f"{n},{n % 13},{'ab'[n % 2]}\n" for n in range(80))
    alone = "".join(f"{n},{n},alone {n}\n" for n in range(3))
    job = opt_ml(tmp_path, f"x,z,y\n{common}{alone}", target="y")
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    assert (performance["scored_on"], performance["rows"]) == ("out-of-fold", 80)


def test_models_that_have_seen_nearly_all_rows_are_not_fitted_again(tmp_path: Path) -> None:
    rows = [f"{n % 97},{n % 89},{'ab'[n % 97 < n % 89]}\n" for n in range(60_000)]
    train, test = "x,z,y\n" + "".join(rows), "x,z,y\n" + "".join(rows[:500])
    job = opt_ml(tmp_path, train, test, target="y", training_minutes=0.1)
    assert job.train() == 0, (job.root / "log").read_text()[-2000:]
    performance = job.performance()
    assert "refitting" not in performance["seconds"]
    assert "note.not_refitted" not in notes_by_code(performance)
    assert "_FULL" not in performance["best_model"] and performance["score"] > 0.9


def test_a_job_without_time_for_a_single_model_says_what_to_set(tmp_path: Path) -> None:
    job = opt_ml(tmp_path, cut("titanic_train.csv", 200), target="Survived", training_minutes=1e-5)
    assert job.train() == 1
    assert job.failure_message.code == "job.no_model_time"
    assert job.failure == render(job.failure_message)


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_trained_ends_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    content, code = BROKEN[kind]
    job = opt_ml(tmp_path, content, target="y")
    assert train_here(job, monkeypatch) == 1
    assert job.failure_message.root.code == code
    assert "Traceback" not in job.failure and len(job.failure.splitlines()) == 1
    assert not (job.model / "predictor.pkl").exists()


def test_a_train_file_that_was_replaced_meanwhile_is_not_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = opt_ml(tmp_path, "a,y\n1,2\n", target="y")
    spec = json.loads((tmp_path / "input/data/job/job.json").read_text())
    spec["train"]["bytes"] = 9
    (tmp_path / "input/data/job/job.json").write_text(json.dumps(spec))
    assert train_here(job, monkeypatch) == 1
    assert job.failure_message.code == "job.file_replaced"
