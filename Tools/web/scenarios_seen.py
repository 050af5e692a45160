# SPDX-License-Identifier: Apache-2.0
"""What check_app.py does with answers and the corpus: where they have been seen."""

import re

from playwright.sync_api import Locator, Page, expect

from exchange import QUESTION, export_of
from mock_corpus import FOREIGN_ANSWER, WHO
from scenarios_page import check_targets

ACTION = "Where has this been seen?"
TRACE = "**/v1/provenance/trace"
NOTHING = "No part of 24 bytes or more stands in the corpus."


def open_dialog(answer: Locator) -> Locator:
    answer.get_by_role("button", name=ACTION).click()
    return answer.page.get_by_role("dialog", name=ACTION)


def chosen(dialog: Locator) -> str:
    """The text of the part that is chosen, which may be several marks."""
    return "".join(dialog.locator("mark.seen-chosen").all_text_contents())


def see_an_answer(runner) -> None:
    """An answer's parts are marked, overlapping ones too; each has its sources with licence and place."""
    with runner.app() as app:
        page = app.page
        answer = app.ask(WHO)
        button = answer.get_by_role("button", name=ACTION)
        dialog = open_dialog(answer)
        found = "of this answer stands word for word in the corpus, in 3 parts."
        expect(dialog.get_by_role("status")).to_contain_text(found)
        expect(dialog).to_contain_text("A match is no proof")
        text = dialog.get_by_role("region", name="The answer with the parts that were found")
        expect(text).to_have_text(answer.locator(".answer-source").text_content(), use_inner_text=False)
        # Three parts, each of which overlaps with the next.
        expect(text.locator("mark")).to_have_count(5)
        expect(dialog.get_by_role("heading", name="Part 1 of 3")).to_be_visible()
        assert chosen(dialog) == "a small language model that multiplies and adds", chosen(dialog)
        expect(dialog.locator("li")).to_have_text(re.compile(r"^shelf/about\.txtMIT · at byte [\d,]+ of [\d,]+$"))
        app.check_accessible("where an answer was seen")
        app.shot("seen")

        dialog.get_by_role("button", name="Next part").click()
        expect(dialog.get_by_role("button", name="Next part")).to_be_focused()
        assert chosen(dialog) == "language model that multiplies and adds whole numbers step by step", chosen(dialog)
        expect(dialog.locator("li")).to_contain_text("<img src=x onerror=window.hacked=22>.txt")
        expect(dialog.locator("li")).to_contain_text("no licence stated")
        dialog.get_by_role("button", name="Next part").click()
        expect(dialog).to_contain_text("57 bytes, 2 times in the corpus. 1 text that has it, with one place each:")
        dialog.get_by_role("button", name="Next part").click()
        expect(dialog.get_by_role("heading", name="Part 1 of 3")).to_be_visible()

        # By hand and by keyboard; where two parts overlap, the next press is the other's.
        shared = text.locator("mark.seen-shared").first
        shared.focus()
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("heading", name="Part 2 of 3")).to_be_visible()
        page.keyboard.press("Space")
        expect(dialog.get_by_role("heading", name="Part 1 of 3")).to_be_visible()
        expect(shared).to_be_focused()
        text.locator("mark").last.click()
        expect(dialog.get_by_role("heading", name="Part 3 of 3")).to_be_visible()
        assert page.evaluate("window.hacked") is None

        # News of another tab makes the action's button again; the focus goes back all the same.
        button.evaluate("button => button.dataset.old = ''")
        page.evaluate(
            "new BroadcastChannel('retort').postMessage({ id: location.hash.slice(4), revision: Number.MAX_SAFE_INTEGER })"
        )
        expect(page.locator("[data-old]")).to_have_count(0)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()


def see_characters_of_several_bytes(runner) -> None:
    """Parts lie where they are with umlauts, accents and emoji around, and no HTML of a text is any."""
    with runner.app() as app:
        app.import_conversation(export_of("Foreign", [("A question", FOREIGN_ANSWER)], "Whole numbers step by step."))
        dialog = open_dialog(app.finished())
        expect(dialog.get_by_role("status")).to_contain_text("in 2 parts")
        assert dialog.locator(".seen-text").text_content() == FOREIGN_ANSWER
        marks = dialog.locator("mark").all_text_contents()
        assert marks == [
            "<img src=x onerror=window.hacked=21> is no picture, and Käse rund um die Uhr 🧀 bleibt Käse.",
            "Zoe\u0308 sang of the naïve façade until the café closed,",
        ], marks
        expect(dialog.locator("img, script")).to_have_count(0)
        app.shot("seen-foreign")
        assert app.page.evaluate("window.hacked") is None


def see_nothing_and_errors(runner) -> None:
    """Waiting, nothing and failures are said; what was closed while it waited says nothing more."""
    with runner.app() as app:
        page = app.page
        answer = app.ask(QUESTION)
        held = []
        page.route(TRACE, lambda route: held.append(route))
        dialog = open_dialog(answer)
        expect(dialog.get_by_role("status")).to_have_text("Looking through the corpus …")
        page.wait_for_timeout(200)
        assert held and "160962" in held[0].request.post_data_json["text"].replace(",", ""), held
        assert "683*714" not in held[0].request.post_data, "a thought was sent"
        app.check_accessible("looking through the corpus")
        held.pop().continue_()
        expect(dialog.get_by_role("status")).to_have_text(NOTHING)
        expect(dialog.locator("mark")).to_have_count(0)
        expect(dialog).to_contain_text("A match is no proof")
        dialog.get_by_role("button", name="Done").click()
        expect(dialog).to_have_count(0)

        app.expected = ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "status of 413"]
        dialog = open_dialog(answer)
        page.wait_for_timeout(200)
        held.pop().fulfill(status=413, json={"error": {"message": "the text has <b>2</b> bytes too many"}})
        expect(dialog.get_by_role("alert")).to_have_text("the text has <b>2</b> bytes too many")
        app.check_accessible("an error of the corpus")
        page.unroute(TRACE)
        app.context.set_offline(True)
        dialog.get_by_role("button", name="Try again").click()
        expect(dialog.get_by_role("alert")).to_have_text("The server cannot be reached.")
        app.context.set_offline(False)
        dialog.get_by_role("button", name="Try again").click()
        expect(dialog.get_by_role("status")).to_have_text(NOTHING)
        expect(dialog.get_by_role("status")).to_be_focused()
        expect(dialog.get_by_role("button", name="Try again")).to_have_count(0)
        page.keyboard.press("Escape")

        page.route(TRACE, lambda route: held.append(route))
        dialog = open_dialog(answer)
        page.wait_for_timeout(200)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.locator(".toast-error")).to_have_count(0)


def see_on_a_phone(runner) -> None:
    """Nothing is wider than a phone, a finger hits the arrows, dark is as readable."""
    with runner.app(has_touch=True, is_mobile=True, color_scheme="dark") as app:
        page = app.page
        page.set_viewport_size({"width": 390, "height": 844})
        page.reload()
        dialog = open_dialog(app.ask(WHO))
        expect(dialog.locator("mark")).to_have_count(5)
        dialog.get_by_role("button", name="Next part").click()
        check_targets(page)
        app.check_accessible("where an answer was seen, dark, on a phone")
        app.shot("seen-phone-dark")
        page.set_viewport_size({"width": 320, "height": 640})
        page.wait_for_timeout(200)
        check_width(page, 320)
        page.emulate_media(color_scheme="light")
        app.check_accessible("where an answer was seen, on a phone")
        app.shot("seen-phone")


def check_width(page: Page, width: int) -> None:
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('dialog, dialog *')].map((one) => one.getBoundingClientRect().right))"
    )
    assert widest <= width, f"{widest} px at {width}"


def nothing_to_see_without_a_corpus(runner) -> None:
    """A server without a corpus has no such action, nor has an answer in the making."""
    with runner.app(base=runner.start_mock(has_corpus=False)) as app:
        answer = app.ask(QUESTION)
        expect(answer.get_by_role("button", name="Show the source")).to_be_visible()
        expect(answer.get_by_role("button", name=ACTION)).to_have_count(0)
    with runner.app() as app:
        app.write("Ponder this for long")
        expect(app.page.get_by_role("button", name="Thinking…")).to_be_visible()
        expect(app.page.get_by_role("button", name=ACTION)).to_have_count(0)
        app.page.keyboard.press("Escape")
        expect(app.page.locator("article.answer")).to_contain_text("Stopped")


ALL = [
    see_an_answer,
    see_characters_of_several_bytes,
    see_nothing_and_errors,
    see_on_a_phone,
    nothing_to_see_without_a_corpus,
]
NEEDS_CORPUS = ALL[:-1]
NEEDS_MOCK = [nothing_to_see_without_a_corpus]
