# SPDX-License-Identifier: Apache-2.0
"""Drives the web app in a headless Chromium, against the mock server or a real one.

    python Tools/web/check_app.py [--retort PROGRAM | --base URL] [--key KEY] [--screenshots DIR] [--only NAME…]

Without --base and --retort it starts the mock server. --retort starts that program's `serve` with the
bundled model and one of random weights that is slow enough to be stopped (made with numpy and gguf, or
--slow-model FILE), so that everything is checked but failures that only the mock makes when asked to. A server
at --base must have a default model that can multiply; --slow-question is one that it answers for ten
seconds or more, without which stop, "answer now" and resuming are left out, and said to be. The end
status is 1 if anything failed.

Versions: playwright 1.65.2, axe-playwright-python 0.1.8, Chromium of Debian
"""

import argparse
import sys
import threading
import time
import traceback
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

import scenarios_conversation
import scenarios_page
import scenarios_seen
from mock_server import serve
from real_server import RealServer

# The slow model takes its time on a busy machine.
ANSWER_MILLISECONDS = 120_000
# Kept from page to page, since a violation may come at any time.
LISTENER = """document.addEventListener('securitypolicyviolation', (event) => {
  console.error('CSP: ' + event.violatedDirective + ' ' + event.blockedURI);
});"""
SERIOUS = {"serious", "critical"}


class App:
    """One browser profile with the app open, and what went wrong in it."""

    def __init__(self, browser: Browser, base: str, key: str | None, shots: Path | None, **options):
        self.base, self.shots = base, shots
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 860}, accept_downloads=True, **options
        )
        self.context.add_init_script(LISTENER)
        if key:
            self.context.add_init_script(f"localStorage.setItem('retort.key', {key!r})")
        self.troubles: list[str] = []
        self.expected: list[str] = []
        self.page = self.open()

    def open(self, path: str = "") -> Page:
        page = self.context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: self.trouble(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.trouble(f"page error: {error}"))
        page.on("request", lambda request: self.check_request(request.url))
        page.goto(self.base + path)
        return page

    def trouble(self, text: str) -> None:
        if not any(part in text for part in self.expected):
            self.troubles.append(text)

    def check_request(self, url: str) -> None:
        if url.startswith(("data:", "blob:")):
            return
        if urllib.parse.urlsplit(url).netloc != urllib.parse.urlsplit(self.base).netloc:
            self.trouble(f"a request to another host: {url}")

    # What a person does

    def write(self, text: str, page: Page | None = None) -> None:
        page = page or self.page
        page.get_by_role("textbox", name="Message").fill(text)
        page.keyboard.press("Enter")

    def ask(self, text: str) -> Locator:
        """Asks, waits for the end and returns the answer."""
        messages = self.page.locator("article").count()
        self.write(text)
        expect(self.page.locator("article")).to_have_count(messages + 2)
        return self.finished()

    def finished(self, page: Page | None = None) -> Locator:
        page = page or self.page
        answer = page.locator("article.answer").last
        expect(answer.get_by_role("button", name="Copy the answer")).to_be_visible(timeout=ANSWER_MILLISECONDS)
        return answer

    def choose_slow_model(self, runner: "Runner") -> None:
        """A real server's slow model, with an end to its answers; the mock's questions are slow themselves."""
        if runner.server is None:
            return
        self.page.get_by_label("Model", exact=True).select_option(runner.server.slow_id)
        self.page.get_by_role("button", name="Settings of this conversation").click()
        dialog = self.page.get_by_role("dialog", name="Settings of this conversation")
        dialog.get_by_label("Most tokens").fill("400")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)

    def end_slow_answer(self, runner: "Runner") -> None:
        """Random weights do not end by themselves; there is nothing more to see in their answer."""
        if runner.server is not None:
            self.page.get_by_role("button", name="Stop").click()
        self.finished()

    def new_chat(self) -> None:
        self.page.locator("#sidebar").get_by_role("button", name="New chat").click()
        expect(self.page.locator("article")).to_have_count(0)

    def menu(self, title: str, item: str) -> None:
        row = self.page.locator("#sidebar li", has_text=title).first
        row.hover()
        row.get_by_role("button").click()
        self.page.get_by_role("menuitem", name=item).click()

    def import_conversation(self, data: str) -> None:
        self.page.locator("#sidebar input[type=file]").set_input_files(
            {"name": "import.json", "mimeType": "application/json", "buffer": data.encode()}
        )

    # What is looked at

    def shot(self, name: str, page: Page | None = None) -> None:
        if self.shots:
            (page or self.page).wait_for_timeout(300)
            (page or self.page).screenshot(path=self.shots / f"{name}.png")

    def check_accessible(self, what: str, page: Page | None = None) -> None:
        # A fade would be measured half way.
        (page or self.page).wait_for_timeout(300)
        found = Axe().run(page or self.page).response["violations"]
        serious = [
            f"{item['id']}: {item['help']} at {[node['target'] for node in item['nodes'][:3]]}"
            for item in found
            if item["impact"] in SERIOUS
        ]
        assert not serious, f"axe, {what}: " + "; ".join(serious)

    def close(self) -> None:
        self.context.close()
        assert not self.troubles, "in the browser: " + "; ".join(dict.fromkeys(self.troubles))


class Runner:
    """The server under test and what the scenarios may make of it."""

    def __init__(self, browser: Browser, options: argparse.Namespace):
        self.browser, self.options = browser, options
        self.server = RealServer(options.retort, options.slow_model) if options.retort else None
        self.mock = options.base is None and self.server is None
        self.base = self.server.base if self.server else options.base or self.start_mock()
        ponder = None if options.base else "Ponder this for long"
        self.slow_question = options.slow_question or ponder
        self.shots = Path(options.screenshots) if options.screenshots else None
        if self.shots:
            self.shots.mkdir(parents=True, exist_ok=True)

    def reason_to_leave_out(self, scenario) -> str | None:
        if scenario in scenarios_conversation.NEEDS_OWN_SERVER and self.server is None:
            return "no --retort to stop and start"
        if scenario in scenarios_page.NEEDS_GUARD and self.server is None:
            return "no --retort with a log of requests"
        if scenario in scenarios_seen.NEEDS_CORPUS and self.options.base:
            return "no --retort with a corpus of ours"
        if self.mock:
            return None
        if scenario in scenarios_conversation.NEEDS_SLOW and self.slow_question is None:
            return "no --slow-question"
        if scenario in scenarios_conversation.NEEDS_MOCK + scenarios_seen.NEEDS_MOCK:
            return "only the mock does so when it is asked to"
        if scenario in scenarios_page.NEEDS_KEY and self.options.key is None:
            return "no --key"
        return None

    def start_mock(self, key: str | None = None, has_corpus: bool = True) -> str:
        server = serve(0, key, speed=4.0, has_corpus=has_corpus)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}/"

    @contextmanager
    def app(self, base: str | None = None, key: str | None = None, **options) -> Iterator[App]:
        app = App(self.browser, base or self.base, key or (None if base else self.options.key), self.shots, **options)
        try:
            yield app
        except Exception:
            app.shot(f"failed-{int(time.time())}")
            app.context.close()
            raise
        app.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the web app in a browser.")
    server = parser.add_mutually_exclusive_group()
    server.add_argument("--base", help="the address of a running server; without it the mock is started")
    server.add_argument("--retort", metavar="PROGRAM", help="start this program's server")
    parser.add_argument("--slow-model", metavar="FILE", help="with --retort: a slow model that thinks")
    parser.add_argument("--key", help="the key that the server needs")
    parser.add_argument("--screenshots", metavar="DIR", help="where to keep pictures")
    parser.add_argument("--slow-question", metavar="TEXT", help="a question whose answer takes ten seconds or more")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=[])
    options = parser.parse_args()
    if options.base and not options.base.endswith("/"):
        options.base += "/"
    failed = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        runner = Runner(browser, options)
        passed = 0
        try:
            for scenario in scenarios_conversation.ALL + scenarios_page.ALL + scenarios_seen.ALL:
                name = scenario.__name__
                if options.only and name not in options.only:
                    continue
                reason = runner.reason_to_leave_out(scenario)
                if reason:
                    print(f"left out  {name}: {reason}", flush=True)
                    continue
                start = time.monotonic()
                try:
                    scenario(runner)
                    passed += 1
                    print(f"ok        {name} ({time.monotonic() - start:.1f} s)", flush=True)
                except Exception as error:
                    failed.append(name)
                    if not isinstance(error, AssertionError):
                        traceback.print_exc()
                    print(f"FAILED    {name}: {error}", flush=True)
        finally:
            browser.close()
            if runner.server:
                runner.server.close()
    print(f"{len(failed)} failed" if failed else f"all {passed} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
