import json

from api.errors import TooLargeError
from tests.messages import raises
from translation.languages import Pair
from translation.request import Limits, read_request

PAIR = Pair("en", "de")


def test_a_parameter_of_the_stack_may_have_a_fraction() -> None:
    limits = Limits.from_environ({"MAX_SENTENCES": "2.5", "MAX_REQUEST_BYTES": "1000"})
    assert limits == Limits(2, 1000)
    two, three = (json.dumps({"sentences": [{"query": "hello"}] * count}) for count in (2, 3))
    assert len(read_request(two, limits, PAIR).queries) == 2
    with raises(TooLargeError, "api.too_many_sentences", number=3, most=2):
        read_request(three, limits, PAIR)
