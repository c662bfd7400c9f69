"""Looks at a page as the rules A-2 to A-18 of pages ask: in a real browser, narrow and wide, in normal and large type.

`look(url, "name")` opens a page and looks; `look.here(page, "name")` looks at the state that a flow has reached. Both
fail with everything they found. Where LIANXIN_SCREENSHOTS names a folder, each view is kept there as a PNG.

A page that has scripts of its own is looked at twice. The second time their requests are cut off, and no other script
can run, for the pages' policy forbids those in the page itself. That way axe still runs: it is injected by the
browser's debugger, which neither the policy nor the cut concerns.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

WIDTHS = (320, 390, 1280)
SIZES = ("normal", "largest")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
RESIDENT, STAFF = 14 * 1024, 60 * 1024
"""Bytes of a first visit, packed (A-1)."""
REQUESTS = 3
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
LANGUAGES = {"zh": "zh-CN", "en": "en"}

FACTS = """() => {
  const box = e => e.getBoundingClientRect();
  const seen = e => { const b = box(e); return b.width > 1 && b.height > 1 && b.right > 0 && e.checkVisibility(); };
  const inText = e => getComputedStyle(e).display === "inline" && e.tagName === "A"
    && e.parentElement.textContent.trim().length > e.textContent.trim().length;
  const target = e => e.closest("label.row") || e;
  const least = document.documentElement.className === "normal" ? 44 : 60;
  const small = [...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea,summary")]
    .filter(e => seen(e) && !inText(e)).filter(e => {
      const b = box(target(e)), wanted = e.matches(".button,.row input,.way") ? least : 44;
      return b.height < wanted - 0.5 || b.width < 43.5; })
    .map(e => e.outerHTML.slice(0, 120));
  const root = document.documentElement;
  return {
    title: document.title, lang: root.lang, h1: document.querySelectorAll("h1").length, small,
    wide: root.scrollWidth > root.clientWidth ? [...document.querySelectorAll("body *")]
      .filter(e => box(e).right > root.clientWidth + 1).map(e => e.outerHTML.slice(0, 120)).slice(0, 5) : [],
    scrolls: root.scrollWidth > root.clientWidth,
  };
}"""


class Watched:
    """A page's browser context with an ear on console, requests and answers."""

    def __init__(self, context: BrowserContext, *, scripts: bool = True) -> None:
        self.page, self.scripts = context.new_page(), scripts
        self.said: list[str] = []
        self.requests: list[Request] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("requestfinished", lambda request: self.requests.append(request))  # noqa: PLW0108

    def _heard(self, message: ConsoleMessage) -> None:
        # A page that answers 404 or 422 is one that we asked for; its status is looked at elsewhere.
        answered = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in {"error", "warning"} and not answered:
            self.said.append(f"{message.type}: {message.text}")

    def weight(self) -> int:
        """Bytes of all answers so far, as they came over the wire."""
        return sum(request.sizes()["responseBodySize"] for request in self.requests)


class Look:
    """The eye of a test run."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        folder = os.environ.get("LIANXIN_SCREENSHOTS")
        self._folder = Path(folder) if folder else None
        self._watched: dict[Page, Watched] = {}
        self._contexts: list[BrowserContext] = []

    def open(
        self,
        url: str,
        *,
        cookies: Mapping[str, str] | None = None,
        language: str = "zh",
        scripts: bool = True,
        width: int = 390,
    ) -> Page:
        """A browser of its own at a page, without looking yet: to walk a flow. `scripts=False` is no JavaScript."""
        context = self._context(url, {**(cookies or {}), "lx-lang": language}, scripts=scripts, width=width)
        watched = Watched(context, scripts=scripts)
        self._watched[watched.page] = watched
        watched.page.goto(url)
        return watched.page

    def __call__(
        self,
        url: str,
        name: str,
        *,
        cookies: Mapping[str, str] | None = None,
        most: int = RESIDENT,
        status: int = 200,
        languages: tuple[str, ...] = ("zh", "en"),
    ) -> Page:
        """Opens a page afresh in each language and looks at it; answers with the page in the last language."""
        for language in languages:
            context = self._context(url, {**(cookies or {}), "lx-lang": language}, scripts=True, width=390)
            watched = Watched(context)
            self._watched[watched.page] = watched
            answer = watched.page.goto(url)
            assert answer is not None
            assert answer.status == status, f"{url} answers {answer.status}"
            self._weigh(watched, url, most)
            self.here(watched.page, f"{name}-{language}", language=language)
            if watched.page.evaluate("document.scripts.length"):
                self._without_scripts(url, name, cookies, language)
        return watched.page

    def here(self, page: Page, name: str, *, language: str = "zh") -> None:
        """Looks at a page as it stands, in every width and size of type; one that was opened with scripts on."""
        assert self._watched[page].scripts, "axe is a script: it would never answer on a page that runs none"
        page.wait_for_load_state()
        found = [f"console: {said}" for said in self._watched[page].said]
        # Before axe and screenshots, which set styles of their own for a moment.
        found += page.evaluate("[...document.querySelectorAll('[style],style')].map(e => 'style: ' + e.outerHTML)")
        size_before = page.viewport_size
        class_before = page.evaluate("document.documentElement.className")
        for size in SIZES:
            page.evaluate("size => { document.documentElement.className = size; }", size)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                found += [f"{width} px, {size}: {fault}" for fault in faults(page, language)]
                self._keep(page, f"{name}-{width}-{size}")
        page.evaluate("size => { document.documentElement.className = size; }", class_before)
        if size_before:
            page.set_viewport_size(size_before)
        assert not found, f"{name} at {page.url}:\n" + "\n".join(found)

    def close(self) -> None:
        """Ends all browser contexts."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        self._watched.clear()

    def _without_scripts(self, url: str, name: str, cookies: Mapping[str, str] | None, language: str) -> None:
        context = self._context(url, {**(cookies or {}), "lx-lang": language}, scripts=True, width=390)
        context.route(
            "**/*", lambda route: route.abort() if route.request.resource_type == "script" else route.continue_()
        )
        watched = Watched(context)
        self._watched[watched.page] = watched
        watched.page.goto(url)
        watched.said.clear()  # that its scripts did not come is what we wanted
        self.here(watched.page, f"{name}-{language}-without-scripts", language=language)

    def _context(self, url: str, cookies: Mapping[str, str], *, scripts: bool, width: int) -> BrowserContext:
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts, locale="zh-CN"
        )
        context.set_default_timeout(20_000)
        base = "{0.scheme}://{0.netloc}/".format(urlsplit(url))
        context.add_cookies([{"name": key, "value": value, "url": base} for key, value in cookies.items()])
        self._contexts.append(context)
        return context

    def _weigh(self, watched: Watched, url: str, most: int) -> None:
        watched.page.wait_for_load_state("load")
        foreign = {request.url for request in watched.requests if urlsplit(request.url).netloc != urlsplit(url).netloc}
        foreign = {one for one in foreign if not one.startswith("data:")}
        asked = [request.url for request in watched.requests if not request.url.startswith("data:")]
        assert not foreign, f"{url} asks elsewhere: {foreign}"
        assert len(asked) <= REQUESTS, f"{url} asks {len(asked)} times: {asked}"
        assert watched.weight() <= most, f"{url} weighs {watched.weight()} bytes of {most}"

    def _keep(self, page: Page, name: str) -> None:
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self._folder / f"{name}.png", full_page=True)


def faults(page: Page, language: str) -> Iterator[str]:
    """What is wrong with a page as it stands, but for its size in bytes."""
    facts: dict[str, Any] = page.evaluate(FACTS)
    if not facts["title"].strip(" –"):
        yield "no title"
    if facts["lang"] != LANGUAGES[language]:
        yield f"lang is {facts['lang']}"
    if facts["h1"] != 1:
        yield f"{facts['h1']} h1"
    if facts["scrolls"]:
        yield f"scrolls sideways: {facts['wide']}"
    for target in facts["small"]:
        yield f"too small to hit: {target}"
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for violation in page.evaluate("options => axe.run(document, options).then(found => found.violations)", OPTIONS):
        nodes = [node["html"][:160] for node in violation["nodes"][:3]]
        yield f"axe {violation['id']}: {violation['help']}: {json.dumps(nodes, ensure_ascii=False)}"


def printed(page: Page) -> bytes:
    """The page as a PDF on A4. A click is over before the page it leads to has loaded, and Chromium refuses to print
    a page that loads: "Printing failed".
    """
    page.wait_for_load_state()
    return page.pdf(format="A4")


@contextmanager
def looking(browser: Browser) -> Iterator[Look]:
    """An eye that is closed afterwards."""
    look = Look(browser)
    try:
        yield look
    finally:
        look.close()
