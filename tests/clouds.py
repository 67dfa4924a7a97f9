"""Embedded AWS for tests that need one of their own, in a region where no other test is."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from samtranslator.yaml_helper import yaml_parse

from codefree.aws import REGION
from codefree.cloud import Cloud, Settings, forget, open_cloud
from codefree.stack_files import ROOT

_TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text("utf-8"))
# All clouds of a process share moto's memory, which it keeps by region; the usual one is taken by
# the cloud that most tests share.
_FREE = deque(sorted(_TEMPLATE["Mappings"]["AutoGluonImageAccounts"].keys() - {REGION}))


@contextmanager
def own_region() -> Iterator[str]:
    """A region in which nothing is, and nothing will be left."""
    region = _FREE.popleft()
    try:
        yield region
    finally:
        forget(region)
        _FREE.append(region)


@contextmanager
def own_cloud(settings: Settings) -> Iterator[Cloud]:
    """Those settings in a region of its own."""
    with own_region() as region, open_cloud(replace(settings, region=region)) as cloud:
        yield cloud
