"""A real browser for the page, where there is one."""

import base64
import json
import os
import shutil
import zlib
from collections.abc import Iterator

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def open_browser() -> Iterator:
    """Start headless Chromium; the test skips, saying why, where it cannot be."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright drives the browser: pip install playwright"
    )
    found = os.environ.get("BAYES_FRONTIER_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if not found:
        pytest.skip("no Chromium on the path: install it (apt-get install chromium) or set BAYES_FRONTIER_CHROMIUM")
    with playwright.sync_playwright() as running:
        # its sandbox needs rights that containers and root do not have
        browser = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


def unpack(text: str) -> object:
    """Read back what the page carries as the browser does."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


class Visit:
    """A page opened, with everything it said and asked for.

    The list `wrong` holds console messages, errors, dialogs and requests other than the page itself and data in it.
    """

    def __init__(
        self, browser, path, *, width: int = 1200, height: int = 900, scheme: str = "light", address: str = ""
    ):
        self.page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        self.wrong: list[str] = []
        self.page.on("console", lambda message: self.wrong.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.wrong.append("dialog"), dialog.dismiss()))
        self.page.on("request", lambda request: self._asked(request.url, path))
        self.page.goto(path.as_uri() + address)
        self.page.wait_for_selector("#view[data-ready]")

    def _asked(self, url: str, path) -> None:
        if url.split("#")[0] != path.as_uri() and not url.startswith(("data:", "blob:")):
            self.wrong.append(f"request: {url}")

    def text(self, name: str) -> str:
        return self.page.locator(f"#{name}").inner_text()

    def enter(self, name: str, text: str) -> None:
        self.page.fill(f"#{name}", text)
        self.page.press(f"#{name}", "Enter")

    def slide(self, name: str, value: float) -> None:
        script = "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }"
        self.page.locator(f"#{name}").evaluate(script, value)

    def settled_address(self) -> str:
        """The address, once the page has written its state into it."""
        self.page.wait_for_timeout(300)
        return self.page.evaluate("location.hash")
