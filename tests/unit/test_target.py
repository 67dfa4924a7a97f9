import pytest

from automl.target import choose_target
from pipeline.errors import RefusedError
from tests.messages import raises

TRAIN = ("id", "Label ", "price", "size")


def test_the_settings_file_goes_before_everything_else() -> None:
    chosen = choose_target(TRAIN, ("id", "Label ", "size"), "size", "id")
    assert (chosen.column, chosen.rule) == ("size", "rule.settings")


def test_the_stack_parameter_counts_where_such_a_column_exists() -> None:
    assert choose_target(TRAIN, None, None, "price").column == "price"


def test_a_stack_parameter_without_such_a_column_is_passed_over() -> None:
    assert choose_target(TRAIN, None, None, "missing").column == "Label "


def test_the_one_column_that_test_lacks_goes_before_a_usual_name() -> None:
    chosen = choose_target(TRAIN, ("id", "Label ", "size"), None, "")
    assert chosen.column == "price"
    assert chosen.rule == "rule.lacking"


def test_a_usual_name_is_found_whatever_its_case_and_spaces() -> None:
    assert choose_target(("a", " TARGET"), ("a", " TARGET"), None, "").column == " TARGET"


def test_an_unknown_target_is_answered_with_the_nearest_column() -> None:
    with raises(RefusedError, "target.not_found_near", column="label", nearest="Label "):
        choose_target(TRAIN, None, "label", "")


def test_without_a_rule_the_columns_are_listed() -> None:
    with raises(RefusedError, "target.undecided", columns=("a", "b", "c")):
        choose_target(("a", "b", "c"), None, None, "")


def test_several_lacking_columns_are_named_when_the_target_is_unclear() -> None:
    with raises(RefusedError, "target.undecided_lacking", number=2, lacking=("b", "c")):
        choose_target(("a", "b", "c"), ("a",), None, "")


def test_a_very_wide_file_does_not_fill_the_sentence() -> None:
    with pytest.raises(RefusedError) as refusal:
        choose_target([f"column{n}" for n in range(1500)], None, None, "")
    assert len(str(refusal.value)) < 1000
