"""The versions of AWS's image: how its lists are read, and that the tests' environment has them."""

import re

from scripts.image_versions import HEAD, constraints
from tests.template_facts import ROOT

LOCK = """
[[package]]
name = "numpy"
version = "2.4.4"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "urllib3"
version = "2.7.0"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "torch"
version = "2.13.0+cpu"
source = { registry = "https://download.pytorch.org/whl/cpu" }
resolution-markers = ["sys_platform != 'darwin'"]

[[package]]
name = "the-image"
version = "1.0"
source = { virtual = "." }
"""


def test_what_is_installed_over_the_base_wins() -> None:
    over = "# of the image\nautogluon-tabular[mitra,nori]==1.6.3\nUrlLib3==2.8.0\n"
    assert constraints(LOCK, over) == ["autogluon-tabular==1.6.3", "numpy==2.4.4", "urllib3==2.8.0"]


def test_the_tests_environment_has_the_versions_of_the_image() -> None:
    image = (ROOT / "requirements/image.constraints").read_text()
    assert image.startswith(HEAD)
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", image, re.MULTILINE))
    lock = (ROOT / "requirements/container.txt").read_text()
    installed = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    assert {"autogluon-tabular", "scikit-learn", "numpy", "pyarrow"} <= set(installed)
    assert {name: pins.get(name) for name in installed} == installed
