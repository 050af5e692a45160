# SPDX-License-Identifier: Apache-2.0
"""What check_app.py does with conversations: one function for each thing that a person does."""

import json
import re

from playwright.sync_api import expect

from exchange import OTHER_QUESTION, PRODUCT, QUESTION, export_of


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
        expect(answer.get_by_role("region", name="Thought")).to_contain_text("683*714")
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


def stop_and_answer_now(runner) -> None:
    """A thought is timed, can be cut short or stopped; what was made is kept."""
    with runner.app() as app:
        page = app.page
        app.choose_slow_model(runner)
        app.write(runner.slow_question)
        answer = page.locator("article.answer").last
        thinking = answer.get_by_role("button", name="Thinking…")
        expect(thinking).to_contain_text(re.compile(r"[1-9]\d* s"), timeout=60_000)
        expect(thinking).to_contain_text("tokens")
        expect(answer.get_by_role("region", name="Thought")).to_be_visible()
        app.shot("thinking")
        app.check_accessible("thinking")
        answer.get_by_role("button", name="Answer now").click()
        expect(answer.get_by_role("button", name="Thought for")).to_be_visible(timeout=60_000)
        expect(answer.locator(".answer-text")).not_to_be_empty(timeout=60_000)
        app.end_slow_answer(runner)
        app.write(runner.slow_question)
        answer = page.locator("article.answer").last
        expect(answer.get_by_role("button", name="Thinking…")).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Stop").focus()
        page.keyboard.press("Escape")
        expect(answer).to_contain_text("Stopped")
        expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        answer.get_by_role("button", name="Thought").click()
        expect(answer.get_by_role("region", name="Thought")).not_to_be_empty()


def what_cannot_be_sent_is_kept(runner) -> None:
    """Without the server a question stays in its field, and can be sent later."""
    with runner.app() as app:
        app.ask(QUESTION)
        app.expected = ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
        app.context.set_offline(True)
        app.write(OTHER_QUESTION)
        expect(app.page.locator(".toast-error")).to_contain_text("cannot be reached")
        expect(app.page.get_by_role("textbox", name="Message")).to_have_value(OTHER_QUESTION)
        app.page.get_by_role("button", name="Dismiss").click()
        expect(app.page.locator(".toast-error")).to_have_count(0)
        app.context.set_offline(False)
        app.page.get_by_role("button", name="Send").click()
        expect(app.page.locator("article")).to_have_count(4)
        app.finished()


def resume_in_mid_answer(runner) -> None:
    """A reload, another conversation or a lost connection does not stop an answer."""
    with runner.app() as app:
        page = app.page
        app.choose_slow_model(runner)
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
        expect(page.locator("article.answer").last.locator(".answer-text")).not_to_be_empty(timeout=60_000)
        app.end_slow_answer(runner)
        expect(page.locator("#sidebar .item-dot")).to_have_count(0)


def server_goes_and_comes_back(runner) -> None:
    """A server that is started again: the text is kept, the conversation is there, and it goes on."""
    with runner.app() as app:
        app.ask(QUESTION)
        app.expected = ["ERR_CONNECTION_REFUSED", "ERR_FAILED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_RESET"]
        runner.server.stop()
        app.write(OTHER_QUESTION)
        expect(app.page.locator(".toast-error")).to_contain_text("cannot be reached")
        expect(app.page.get_by_role("textbox", name="Message")).to_have_value(OTHER_QUESTION)
        runner.server.start_again()
        app.page.get_by_role("button", name="Send").click()
        expect(app.page.locator("article")).to_have_count(4)
        expect(app.finished().locator(".answer-text")).to_contain_text("408")


def errors_are_said(runner) -> None:
    """A failed answer says why and can be continued; prefill and the queue show how far they are."""
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
    stop_and_answer_now,
    what_cannot_be_sent_is_kept,
    resume_in_mid_answer,
    server_goes_and_comes_back,
    errors_are_said,
]
NEEDS_SLOW = [stop_and_answer_now, resume_in_mid_answer]
NEEDS_OWN_SERVER = [server_goes_and_comes_back]
NEEDS_MOCK = [errors_are_said]
