# SPDX-License-Identifier: Apache-2.0
"""What check_app.py does with the page: texts, keys, themes, a phone, tabs, installing."""

from playwright.sync_api import Page, expect

from exchange import OTHER_QUESTION, QUESTION, export_of
from mock_answers import CODE, HOSTILE, MATHEMATICS, TABLE


def rendering(runner) -> None:
    """Formulas are MathML, code is coloured and copied, tables are tables."""
    with runner.app(permissions=["clipboard-read", "clipboard-write"]) as app:
        page = app.page
        app.import_conversation(
            export_of("Rendering", [("Mathematics?", MATHEMATICS), ("Code?", CODE), ("A table?", TABLE)])
        )
        expect(page.locator("article.answer")).to_have_count(3)
        mathematics = page.locator("article.answer").nth(0)
        expect(mathematics.locator("math")).to_have_count(9)
        expect(mathematics.locator(".math-source")).to_have_count(0)
        expect(mathematics).to_contain_text("from $5 to $10")
        code = page.locator("article.answer").nth(1)
        expect(code.locator("math")).to_have_count(0)
        expect(code.locator("figure").first.locator(".tok-keyword").first).to_have_text("from")
        code.get_by_role("button", name="Copy", exact=True).first.click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("from collections.abc import Iterator\n") and copied.endswith("= False"), copied
        table = page.locator("article.answer").nth(2)
        expect(table.locator("td")).to_have_count(12)
        expect(table.get_by_role("link")).to_have_attribute("rel", "noopener noreferrer nofollow")
        table.get_by_role("button", name="Show the source").click()
        expect(table.get_by_role("region", name="Source of the answer")).to_contain_text("|:------|")
        app.check_accessible("rendered texts")
        for name, article in (("mathematics", mathematics), ("code", code)):
            article.evaluate("element => element.scrollIntoView({block: 'start'})")
            app.shot(name)


def hostile_output(runner) -> None:
    """Nothing that a model writes runs, loads or leaves the page, be it answer, thought, question or title."""
    with runner.app() as app:
        page = app.page
        app.import_conversation(export_of("<img src=x onerror=window.hacked=1>", [(HOSTILE, HOSTILE)], HOSTILE))
        answer = page.locator("article.answer")
        expect(answer).to_contain_text("That was the attempt.")
        answer.get_by_role("button", name="Thought").click()
        expect(answer.get_by_role("region", name="Thought")).to_contain_text("That was the attempt.")
        if runner.mock:
            app.ask("hostile")
        # The app's own parts beside the texts may have a width.
        texts = ":is(.markdown, .question-text, .title, .list)"
        elements = "script, img, iframe, style, object, embed, link, svg"
        attributes = "[onerror], [onload], [style], [href^=javascript], [href^=data]"
        found = page.locator(f"{texts} :is({elements}, {attributes}):not(.icon-button *)")
        expect(found).to_have_count(0)
        for text in ("click me", "data"):
            page.locator("#messages .answer-text", has_text=text).first.get_by_text(text, exact=True).click()
        page.wait_for_timeout(300)
        assert page.evaluate("window.hacked") is None, f"script {page.evaluate('window.hacked')} ran"
        app.shot("hostile")


def keyboard(runner) -> None:
    """Everything that has a key."""
    with runner.app() as app:
        page = app.page
        field = page.get_by_role("textbox", name="Message")
        field.fill("one")
        field.press("Shift+Enter")
        page.keyboard.type("two")
        expect(field).to_have_value("one\ntwo")
        app.ask(QUESTION)
        field.press("ArrowUp")
        edit = page.get_by_role("textbox", name="Edit the question")
        expect(edit).to_have_value(QUESTION)
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Edit the question")).to_be_focused()
        page.keyboard.press("Control+k")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Control+b")
        expect(page.locator("#sidebar")).to_be_hidden()
        expect(page.get_by_role("button", name="Show the sidebar")).to_be_focused()
        page.keyboard.press("Control+b")
        expect(page.locator("#sidebar")).to_be_visible()
        page.keyboard.press("Control+Shift+o")
        expect(page.locator("article")).to_have_count(0)
        expect(field).to_be_focused()
        page.keyboard.press("Control+k")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.get_by_role("menu")).to_be_visible()
        page.keyboard.press("ArrowUp")
        expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
        app.check_accessible("a menu")
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
        page.reload()
        page.keyboard.press("Tab")
        page.evaluate("document.activeElement.blur(); document.getElementById('skip').focus()")
        page.keyboard.press("Enter")
        expect(field).to_be_focused()


def dark_and_light(runner) -> None:
    """The system's theme, until a person chooses."""
    background = "getComputedStyle(document.body).backgroundColor"
    with runner.app(color_scheme="dark") as app:
        page = app.page
        dark = page.evaluate(background)
        app.ask(QUESTION)
        app.check_accessible("dark")
        app.shot("dark")
        page.get_by_role("button", name="Preferences").click()
        app.check_accessible("the preferences, dark")
        page.get_by_role("radio", name="Light").check()
        light = page.evaluate(background)
        assert dark != light, light
        page.get_by_role("button", name="Done").click()
        expect(page.get_by_role("button", name="Preferences")).to_be_focused()
        page.reload(wait_until="commit")
        page.wait_for_selector("body")
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        expect(page.locator("article")).to_have_count(2)
        assert page.evaluate(background) == light


def reduced_motion(runner) -> None:
    """Who asked for less motion gets none that lasts."""
    with runner.app(reduced_motion="reduce") as app:
        app.write(QUESTION)
        expect(app.page.locator("article.answer")).to_have_count(1)
        longest = app.page.evaluate("""Math.max(...[...document.querySelectorAll('*')].flatMap((element) => {
          const style = getComputedStyle(element);
          return [style.animationDuration, style.transitionDuration].map((text) => parseFloat(text) || 0);
        }))""")
        assert longest <= 0.01, f"{longest} s"
        app.finished()


def check_targets(page: Page) -> None:
    small = page.evaluate(
        """[...document.querySelectorAll('button, input, select, textarea, #sidebar a, summary')].filter((element) => {
      const box = element.getBoundingClientRect();
      return element.checkVisibility({ visibilityProperty: true }) && box.width > 0 && box.right > 0 && (box.height < 43.5 || (box.width < 43.5));
    }).map((element) => element.outerHTML.slice(0, 90))"""
    )
    assert not small, f"targets below 44 px: {small}"


def phone(runner) -> None:
    """Nothing is wider than a phone, the list is a drawer, a finger hits everything."""
    with runner.app(has_touch=True, is_mobile=True) as app:
        page = app.page
        page.set_viewport_size({"width": 390, "height": 844})
        page.reload()
        expect(page.locator("#sidebar")).to_be_hidden()
        app.ask(QUESTION)
        check_targets(page)
        app.shot("phone")
        app.check_accessible("a phone")
        page.emulate_media(color_scheme="dark")
        page.get_by_role("button", name="Thought for").click()
        app.shot("phone-dark")
        app.check_accessible("a phone, dark")
        page.emulate_media(color_scheme="light")
        page.get_by_role("button", name="Show the sidebar").click()
        expect(page.locator("#sidebar")).to_be_visible()
        check_targets(page)
        app.check_accessible("the drawer")
        app.shot("phone-list")
        page.locator("#sidebar a[aria-current=page]").click()
        expect(page.locator("#sidebar")).to_be_hidden()
        app.page.get_by_role("button", name="Show the sidebar").click()
        app.import_conversation(export_of("Wide", [("Wide? " + "y" * 500, MATHEMATICS + CODE + TABLE + "x" * 500)]))
        expect(page.get_by_role("heading", level=1)).to_have_text("Wide")
        page.keyboard.press("Escape")
        expect(page.locator("#sidebar")).to_be_hidden()
        for width in (390, 320):
            page.set_viewport_size({"width": width, "height": 700})
            page.wait_for_timeout(200)
            widest = page.evaluate(
                "Math.max(document.documentElement.scrollWidth, document.getElementById('thread').scrollWidth)"
            )
            assert widest <= width, f"{widest} px at {width}"
        app.shot("phone-wide")


def two_tabs(runner) -> None:
    """What one tab does, the other shows."""
    with runner.app() as app:
        app.ask(QUESTION)
        other = app.open(app.page.url.removeprefix(app.base))
        expect(other.locator("article")).to_have_count(2)
        app.page.bring_to_front()
        app.write(OTHER_QUESTION)
        expect(other.locator("article")).to_have_count(4, timeout=20_000)
        app.finished()
        app.finished(other)
        app.menu(QUESTION, "Rename")
        app.page.get_by_role("textbox", name="Title").fill("Renamed")
        app.page.keyboard.press("Enter")
        expect(other.get_by_role("heading", level=1)).to_have_text("Renamed")
        app.expected = ["status of 404"]
        app.menu("Renamed", "Delete")
        expect(other.locator("article")).to_have_count(0)


def installable(runner) -> None:
    """A browser offers to install it, and it opens without the server."""
    with runner.app() as app:
        page = app.page
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        page.reload()
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.reload()
        expect(page.get_by_role("textbox", name="Message")).to_be_visible()
        session = app.context.new_cdp_session(page)
        problems = [
            problem["errorId"] for problem in session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        ]
        # A private profile cannot install anything, whatever the app.
        assert set(problems) <= {"in-incognito"}, problems
        app.expected = ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
        app.context.set_offline(True)
        page.reload()
        expect(page.locator(".toast-error")).to_contain_text("cannot be reached")
        expect(page.get_by_role("textbox", name="Message")).to_be_visible()
        app.context.set_offline(False)


def key_is_asked_for(runner) -> None:
    """Without a key nothing is shown; a wrong one is asked for again."""
    base = runner.start_mock(key="secret") if runner.mock else runner.base
    key = "secret" if runner.mock else runner.options.key
    with runner.app(base=base) as app:
        app.expected = ["status of 401"]
        page = app.page
        dialog = page.get_by_role("dialog", name="A key is needed")
        expect(dialog.get_by_label("Key")).to_be_focused()
        app.check_accessible("the key")
        dialog.get_by_label("Key").fill("wrong")
        page.keyboard.press("Enter")
        expect(dialog).to_contain_text("not accepted")
        dialog.get_by_label("Key").fill(key)
        page.keyboard.press("Enter")
        expect(dialog).to_have_count(0)
        app.ask(QUESTION)
        page.reload()
        expect(page.locator("article")).to_have_count(2)


def scrolling(runner) -> None:
    """The end is followed until a person scrolls up, and again from the button."""
    with runner.app() as app:
        page = app.page
        app.import_conversation(export_of("Scroll", [("Long?", "\n\n".join(["A paragraph."] * 80))]))
        expect(page.locator("article")).to_have_count(2)
        distance = "(() => { const e = document.getElementById('thread'); return e.scrollHeight - e.scrollTop - e.clientHeight; })()"
        page.wait_for_function(f"{distance} < 2")
        page.locator("#thread").hover()
        page.mouse.wheel(0, -800)
        expect(page.get_by_role("button", name="To the end")).to_be_visible()
        page.get_by_role("button", name="To the end").click()
        page.wait_for_function(f"{distance} < 2")
        app.ask(QUESTION)
        assert page.evaluate(distance) < 2


def guard_page(runner) -> None:
    """An operator finds an alert with its evidence, decides, and the decision is written down."""
    with runner.app() as app:
        page = app.page
        page.get_by_role("link", name="Guard", exact=True).click()
        dialog = page.get_by_role("dialog", name="Guard")
        alert = dialog.locator("article.alert").first
        # The monitor reads tens of thousands of requests.
        expect(alert).to_contain_text("suggested:", timeout=60_000)
        expect(alert.locator("li").first).to_contain_text("honest keys")
        alert.get_by_text("Decide", exact=True).click()
        alert.get_by_label("Action").select_option("hide_thoughts")
        alert.get_by_role("button", name="Apply").click()
        expect(alert).to_contain_text("Say why")
        alert.get_by_label("Reason").fill("asks for thoughts and nothing else")
        app.check_accessible("the guard's page")
        app.shot("guard")
        alert.get_by_role("button", name="Apply").click()
        expect(dialog.locator(".journal li").first).to_contain_text(
            "hide thoughts: asks for thoughts", timeout=60_000
        )
        expect(dialog.locator("article.alert").first).to_contain_text("in force: hide thoughts")
        dialog.get_by_role("button", name="Done").click()
        expect(dialog).to_have_count(0)
        expect(page).not_to_have_url("#/guard")


ALL = [
    rendering,
    hostile_output,
    keyboard,
    dark_and_light,
    reduced_motion,
    phone,
    two_tabs,
    installable,
    guard_page,
    key_is_asked_for,
    scrolling,
]
NEEDS_GUARD = [guard_page]
NEEDS_KEY = [key_is_asked_for]
