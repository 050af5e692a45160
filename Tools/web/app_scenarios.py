# SPDX-License-Identifier: Apache-2.0
"""What check_app.py does with the app: one function for each thing that a person does."""

import json
import re

from playwright.sync_api import Page, expect

from mock_answers import CODE, HOSTILE, MATHEMATICS, TABLE
from mock_store import SETTINGS

QUESTION = "What is 417 × 386?"
OTHER_QUESTION = "What is 12 × 34?"
PRODUCT = re.compile("160,?962")


def export_of(title: str, exchanges: list[tuple[str, str]], thought: str = "") -> str:
    """A conversation as the app exports it."""
    tree, parent = [], None
    for n, (question, answer) in enumerate(exchanges):
        for role, text in (("user", question), ("assistant", answer)):
            id = f"m_{n}_{role}"
            made = role == "assistant"
            tree.append(
                {
                    "id": id,
                    "parent": parent,
                    "role": role,
                    "content": text,
                    "reasoning": thought if made else None,
                    "created": 1.7e9 + len(tree),
                    "status": "complete",
                    "finish_reason": "stop" if made else None,
                    "error": None,
                    "run": None,
                    "model": "bundled" if made else None,
                    "usage": None,
                    "timings": None,
                    "cost": None,
                }
            )
            parent = id
    conversation = {
        "id": "c_0",
        "title": title,
        "pinned": False,
        "created": 1.7e9,
        "updated": 1.7e9,
        "revision": 1,
        "messages": len(tree),
        "active_run": None,
        "snippet": None,
        "settings": SETTINGS,
        "active_leaf": parent,
        "tree": tree,
    }
    return json.dumps(
        {"format": "retort-conversations", "version": 1, "exported": 1.7e9, "conversations": [conversation]}
    )


def ask_and_answer(runner) -> None:
    """A question, a thought that folds, the right answer, what it cost."""
    with runner.app() as app:
        expect(app.page.get_by_role("textbox", name="Message")).to_be_focused()
        assert app.page.evaluate(
            "document.documentElement.scrollHeight <= innerHeight && document.body.scrollHeight <= innerHeight"
        )
        app.shot("welcome")
        answer = app.ask(QUESTION)
        expect(answer.locator(".answer-text")).to_contain_text(PRODUCT)
        toggle = answer.get_by_role("button", name="Thought for")
        expect(toggle).to_have_attribute("aria-expanded", "false")
        toggle.click()
        expect(answer.get_by_role("region", name="Thought")).to_contain_text("417")
        facts = answer.get_by_role("button", name="tok/s")
        expect(facts).to_contain_text("tokens")
        facts.click()
        expect(answer.locator("dl.facts")).to_contain_text("Time to first token")
        expect(app.page.get_by_role("meter", name="Context used")).to_be_visible()
        expect(app.page.get_by_role("heading", level=1)).to_have_text(QUESTION)
        expect(app.page.locator("#sidebar")).to_contain_text(QUESTION)
        expect(app.page.get_by_role("textbox", name="Message")).to_have_value("")
        assert app.page.evaluate("document.body.scrollHeight <= innerHeight"), "the page scrolls, not the thread"
        expect(app.page.locator("#announcer")).to_contain_text(re.compile("End of the answer"))
        app.shot("answer")
        app.check_accessible("a conversation")


def regenerate_and_switch(runner) -> None:
    """Another answer is a branch; the switcher goes between them and keeps the focus."""
    with runner.app() as app:
        app.ask(QUESTION)
        app.page.get_by_role("button", name="Another answer").click()
        expect(app.page.locator("article.answer .branch-count")).to_have_text("2/2", timeout=60_000)
        expect(app.page.locator("article")).to_have_count(2)
        app.page.get_by_role("button", name="Previous answer").click()
        expect(app.page.locator("article.answer .branch-count")).to_have_text("1/2")
        expect(app.page.get_by_role("button", name="Next answer")).to_be_focused()
        app.page.reload()
        expect(app.page.locator("article.answer .branch-count")).to_have_text("1/2")


def edit_makes_a_branch(runner) -> None:
    """An edited question is a sibling with answers of its own."""
    with runner.app() as app:
        app.ask(QUESTION)
        app.ask(OTHER_QUESTION)
        first = app.page.locator("article.question").first
        first.hover()
        first.get_by_role("button", name="Edit the question").click()
        field = app.page.get_by_role("textbox", name="Edit the question")
        expect(field).to_be_focused()
        field.fill("What is 19 × 21?")
        field.press("Enter")
        expect(app.page.locator("article.question .branch-count")).to_have_text("2/2")
        expect(app.page.locator("article")).to_have_count(2)
        app.finished()
        app.page.get_by_role("button", name="Previous question").click()
        expect(app.page.locator("article")).to_have_count(4)
        expect(app.page.locator("article.question").first).to_contain_text(QUESTION)
        expect(app.page.locator("article.question").last).to_contain_text(OTHER_QUESTION)


def reload_finds_it(runner) -> None:
    """A reload shows the same conversation; an unsent text is still there."""
    with runner.app() as app:
        app.ask(QUESTION)
        app.page.get_by_role("textbox", name="Message").fill("a draft")
        address = app.page.url
        assert "#/c/" in address, address
        app.page.reload()
        expect(app.page.locator("article.answer .answer-text")).to_contain_text(PRODUCT)
        expect(app.page.get_by_role("textbox", name="Message")).to_have_value("a draft")
        expect(app.page.locator("#sidebar a[aria-current=page]")).to_contain_text(QUESTION)
        app.new_chat()
        expect(app.page.get_by_role("textbox", name="Message")).to_have_value("")
        app.page.go_back()
        expect(app.page.locator("article.answer .answer-text")).to_contain_text(PRODUCT)


def list_of_conversations(runner) -> None:
    """Search, rename, pin, delete, undo."""
    with runner.app() as app:
        page, sidebar = app.page, app.page.locator("#sidebar")
        app.import_conversation(export_of("Zebras", [("Tell me of zebras", "They have stripes, unlike quaggas.")]))
        expect(page.get_by_role("heading", level=1)).to_have_text("Zebras")
        app.menu("Zebras", "Rename")
        field = page.get_by_role("textbox", name="Title")
        field.fill("Striped horses")
        field.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Striped horses")
        app.menu("Striped horses", "Pin")
        expect(sidebar.locator("h2", has_text="Pinned")).to_be_visible()
        page.get_by_role("searchbox").fill("quag")
        expect(sidebar.locator("li")).to_have_count(1)
        expect(sidebar.locator("li")).to_contain_text("quaggas")
        page.get_by_role("searchbox").fill("no such thing")
        expect(sidebar).to_contain_text("Nothing found")
        page.get_by_role("searchbox").fill("")
        app.menu("Striped horses", "Delete")
        expect(sidebar.locator("li", has_text="Striped horses")).to_have_count(0)
        expect(page.locator("article")).to_have_count(0)
        page.get_by_role("button", name="Undo").click()
        expect(sidebar.locator("li", has_text="Striped horses")).to_have_count(1)
        expect(page.locator("article")).to_have_count(2)
        app.menu("Striped horses", "Delete")
        expect(sidebar.locator("li", has_text="Striped horses")).to_have_count(0)


def export_and_import(runner) -> None:
    """Both formats hold the texts, and JSON comes back."""
    with runner.app() as app:
        app.ask(QUESTION)
        with app.page.expect_download() as download:
            app.menu(QUESTION, "Export as Markdown")
        text = download.value.path().read_text()
        assert download.value.suggested_filename.endswith(".md"), download.value.suggested_filename
        assert QUESTION in text and PRODUCT.search(text), text
        with app.page.expect_download() as download:
            app.menu(QUESTION, "Export as JSON")
        data = download.value.path().read_text()
        assert json.loads(data)["conversations"][0]["tree"][0]["content"] == QUESTION, data
        address = app.page.url
        app.import_conversation(data)
        expect(app.page).not_to_have_url(address)
        expect(app.page.locator("article.answer .answer-text")).to_contain_text(PRODUCT)
        app.expected = ["status of 400"]
        app.import_conversation("{}")
        expect(app.page.locator(".toast-error")).to_be_visible()


def settings_and_continue(runner) -> None:
    """A limit cuts the answer, which says so and goes on; a wrong value is refused at its field."""
    with runner.app() as app:
        page = app.page
        page.get_by_role("button", name="Settings of this conversation").click()
        dialog = page.get_by_role("dialog", name="Settings of this conversation")
        dialog.get_by_label("Temperature").fill("9")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("Temperature")).to_be_focused()
        expect(dialog).to_contain_text("A number from 0 to 2")
        app.shot("settings")
        app.check_accessible("the settings")
        dialog.get_by_label("Temperature").fill("0")
        dialog.get_by_label("Most tokens").fill("5")
        dialog.get_by_label("System prompt").fill("You are brief.")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Settings of this conversation")).to_be_focused()
        answer = app.ask(QUESTION)
        expect(answer).to_contain_text("Cut at the token limit")
        page.get_by_role("button", name="Settings of this conversation").click()
        expect(dialog.get_by_label("System prompt")).to_have_value("You are brief.")
        dialog.get_by_label("Most tokens").fill("")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        page.get_by_role("button", name="Continue").click()
        expect(answer.locator(".answer-text")).to_contain_text(PRODUCT, timeout=60_000)
        app.finished()
        expect(page.locator("article")).to_have_count(2)
        expect(answer).not_to_contain_text("Cut at the token limit")


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
        found = page.locator(
            "#messages :is(script, img, iframe, style, object, embed, link, [onerror], [onload], [style], a[href^='javascript'], a[href^='data'])"
        )
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
    if not runner.mock and runner.options.key is None:
        return
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


def stop_and_answer_now(runner) -> None:
    """A thought is timed, can be cut short or stopped; what was made is kept."""
    with runner.app() as app:
        page = app.page
        app.write(runner.slow_question)
        answer = page.locator("article.answer").last
        thinking = answer.get_by_role("button", name="Thinking…")
        expect(thinking).to_contain_text(re.compile(r"[1-9]\d* s"), timeout=60_000)
        expect(thinking).to_contain_text("tokens")
        expect(answer.get_by_role("region", name="Thought")).to_be_visible()
        app.shot("thinking")
        app.check_accessible("thinking")
        answer.get_by_role("button", name="Answer now").click()
        expect(answer.get_by_role("button", name="Thought for")).to_be_visible()
        app.finished()
        expect(answer.locator(".answer-text")).not_to_be_empty()
        app.write(runner.slow_question)
        answer = page.locator("article.answer").last
        expect(answer.get_by_role("button", name="Thinking…")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Stop").focus()
        page.keyboard.press("Escape")
        expect(answer).to_contain_text("Stopped")
        expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        answer.get_by_role("button", name="Thought").click()
        expect(answer.get_by_role("region", name="Thought")).not_to_be_empty()


def resume_in_mid_answer(runner) -> None:
    """A reload, another conversation or a lost connection does not stop an answer."""
    with runner.app() as app:
        page = app.page
        app.write(runner.slow_question)
        thinking = page.get_by_role("button", name="Thinking…")
        expect(thinking).to_contain_text(re.compile(r"[2-9] s"), timeout=60_000)
        page.reload()
        expect(thinking).to_contain_text(re.compile(r"([2-9]|\d\d) s"))
        app.new_chat()
        expect(page.locator("#sidebar .item-dot")).to_be_visible()
        page.go_back()
        expect(thinking).to_be_visible()
        app.expected = ["ERR_INTERNET_DISCONNECTED", "ERR_NETWORK", "ERR_FAILED"]
        app.context.set_offline(True)
        page.wait_for_timeout(500)
        app.context.set_offline(False)
        expect(thinking).to_be_visible()
        page.get_by_role("button", name="Answer now").click()
        app.finished()
        expect(page.locator("#sidebar .item-dot")).to_have_count(0)


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


def errors_are_said(runner) -> None:
    """A failed answer says why and can be continued; prefill and the queue show how far they are."""
    if not runner.mock:
        return
    with runner.app() as app:
        page = app.page
        answer = app.ask("fail")
        expect(answer.locator(".answer-error")).to_contain_text("ran out of memory")
        expect(answer.get_by_role("button", name="Continue")).to_be_visible()
        app.check_accessible("an error")
        app.write("queue, then a long prefill")
        expect(page.locator(".progress-text").last).to_contain_text("in the queue")
        expect(page.get_by_role("progressbar").last).to_be_visible(timeout=20_000)
        expect(page.locator(".progress-text").last).to_contain_text(re.compile(r"of 2,560 tokens"))
        app.shot("prefill")
        page.keyboard.press("Escape")
        expect(page.locator("article.answer").last).to_contain_text("Stopped")


ALL = [
    ask_and_answer,
    regenerate_and_switch,
    edit_makes_a_branch,
    reload_finds_it,
    list_of_conversations,
    export_and_import,
    settings_and_continue,
    rendering,
    hostile_output,
    keyboard,
    dark_and_light,
    phone,
    two_tabs,
    installable,
    key_is_asked_for,
    scrolling,
    errors_are_said,
    stop_and_answer_now,
    resume_in_mid_answer,
]
NEEDS_SLOW = [stop_and_answer_now, resume_in_mid_answer]
