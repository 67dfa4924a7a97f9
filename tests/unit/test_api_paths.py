"""The name of a dataset in a path is the one that was asked for, whatever its letters."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.paths import part_of_path

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda name: "/" not in name and name not in (".", "..")
)


@given(NAMES)
@example("50%")
@example("a%20b")
@example("Umsätze – „2024’")
@example('#"?\\&+;=')
def test_a_gateway_may_decode_the_part_of_a_path_or_not(name: str) -> None:
    sent = quote(name, safe="")
    assert part_of_path(f"/Prod/predict/{sent}", name if sent != name else sent) == name
    assert part_of_path(f"/predict/{sent}", sent) == name
    assert part_of_path(f"/predict/{sent}/", unquote(sent)) == name


@pytest.mark.parametrize("name", ["Umsätze – „2024’", "50%", '・€ # ? "'])
def test_a_gateway_may_decode_all_of_a_path(name: str) -> None:
    assert part_of_path(f"/predict/{name}", name) == name
