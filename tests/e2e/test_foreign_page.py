"""Pages of other origins in a real browser, while the embedded AWS is up."""

import base64
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from codefree.cloud import Cloud
from tests.browser import needs_chromium, open_browser

pytestmark = needs_chromium
PAGE = Path(__file__).with_name("foreign_page.html")
HOST = "foreign.example"
OPTIONS = (
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1",
    # A browser may ask its user first; here there is no user to ask.
    "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(*OPTIONS) as browser:
        yield browser


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "ran"


def page(cloud: Cloud, url: str, mark: Path) -> bytes:
    """The page that asks the cloud at `url` to run code, which would make the file `mark`."""
    code = f"open({str(mark)!r}, 'w').close()".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(code)
        archive.addfile(member, io.BytesIO(code))
    names = {
        "URL": url,
        "CODE": base64.b64encode(packed.getvalue()).decode(),
        "ROLE": cloud.resources["TrainingJobRole"].arn,
        # It may have learned the bucket's name elsewhere.
        "BUCKET": cloud.bucket,
    }
    text = PAGE.read_text("utf-8")
    for name, value in names.items():
        text = text.replace(f"'{name}'", f"'{value}'")
    return text.encode()


@contextmanager
def served(content: bytes) -> Iterator[int]:
    """Run another web server; return its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def require_nothing_done(cloud: Cloud, said: str, mark: Path) -> None:
    assert said.split() == ["end"]
    keys = cloud.endpoint.client("s3").list_objects_v2(Bucket=cloud.bucket, Prefix="source/x/")
    assert keys["KeyCount"] == 0
    jobs = cloud.endpoint.client("sagemaker").list_training_jobs(NameContains="foreign")
    assert jobs["TrainingJobSummaries"] == []
    assert not mark.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", HOST])
def test_a_page_of_another_origin_learns_and_starts_nothing(
    browser: Browser, cloud: Cloud, mark: Path, host: str
) -> None:
    with served(page(cloud, cloud.endpoint.url, mark)) as port:
        tab = browser.new_page()
        tab.goto(f"http://{host}:{port}/")
        expect(tab.locator("#done")).to_contain_text("end", timeout=60_000)
        said = tab.locator("#done").inner_text()
        tab.close()

    require_nothing_done(cloud, said, mark)


def test_a_name_that_is_made_to_lead_here_opens_nothing(
    browser: Browser, cloud: Cloud, mark: Path
) -> None:
    """DNS rebinding: the page comes from the very host and port that it then asks."""
    url = f"http://{HOST}:{cloud.endpoint.port}"
    content = page(cloud, url, mark)

    def document(route: Route) -> None:
        route.fulfill(body=content, content_type="text/html")

    tab = browser.new_page()
    tab.route(f"{url}/page", document)
    tab.goto(f"{url}/page")
    expect(tab.locator("#done")).to_contain_text("end", timeout=60_000)
    said = tab.locator("#done").inner_text()
    tab.close()

    require_nothing_done(cloud, said, mark)
