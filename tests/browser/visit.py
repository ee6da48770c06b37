"""One visitor's browser window, and everything that it complains of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

SCREENSHOTS = Path(__file__).parent / "screenshots"
# Told to every page before its own scripts run: a violation that the console does not show must show here.
WATCH_POLICY = "document.addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
# WCAG 2.2: no page scrolls sideways (1.4.10), no control without a name (4.1.2).
FAULTS = """() => {
  const faults = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    const wide = [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > clientWidth);
    faults.push(`scrolls sideways, ${scrollWidth} > ${clientWidth}: ` + wide.slice(0, 9).map(e => e.className));
  }
  for (const control of document.querySelectorAll("button, a, textarea, input:not([type=hidden])")) {
    const labels = control.labels ? [...control.labels].map(label => label.textContent).join("") : "";
    const name = control.getAttribute("aria-label") || control.textContent.trim() || labels.trim();
    if (!name) faults.push("no name: " + control.outerHTML);
  }
  const ids = [...document.querySelectorAll("[id]")].map(element => element.id);
  if (new Set(ids).size < ids.length) faults.push("an id stands twice");
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (!document.documentElement.lang) faults.push("no language");
  return faults;
}"""


class Visit:
    """Drive one window and remember its errors, its requests and its failed answers."""

    def __init__(self, context: BrowserContext, url: str, name: str) -> None:
        self.context = context
        self.url = url
        self.name = name
        self.complaints: list[str] = []
        self.expected: list[str] = []
        context.add_init_script(WATCH_POLICY)
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("request", lambda request: self._see(request.url))

    def open(self, path: str, status: int = 200) -> Response:
        """Go to a page that must answer with this status, and look it over."""
        if status >= 400:
            self.expected.append(f"status of {status}")
        response = self.page.goto(path)
        assert response is not None
        assert response.status == status
        self.look_over()
        return response

    def watch(self, *codes: str) -> None:
        """Watch these stocks, by a button on the page of each."""
        for code in codes:
            self.open(f"/stock/{code}.html")
            self.page.locator("main").get_by_role("button").first.click()
            expect(self.page.locator(".flash")).not_to_be_empty()

    def look_over(self) -> None:
        """Fail if the page that is shown has a fault that every page must not have."""
        faults = self.page.evaluate(FAULTS)
        assert not faults, faults

    def shoot(self, name: str) -> Path:
        """Write a screenshot, to be looked at by people."""
        SCREENSHOTS.mkdir(exist_ok=True)
        self.page.wait_for_load_state("load")  # the network never falls idle: prices stream in
        path = SCREENSHOTS / f"{self.name}-{name}.png"
        self.page.screenshot(path=path)
        return path

    def check(self) -> None:
        """Fail on any error in the console, violation of the policy, or request to another host."""
        assert not self.complaints, self.complaints

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(words in message.text for words in self.expected):
            self.complaints.append(f"console: {message.text}")

    def _see(self, url: str) -> None:
        if not url.startswith(f"{self.url}/"):
            self.complaints.append(f"request to {url}")
