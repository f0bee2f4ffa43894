"""The story in a real browser: find a misspelt child, decide a pair, take the table; each page readable by all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web import invented
from tests.web.world import ACCOUNTS, PASSWORD, World

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
DESK, PHONE = {"width": 1180, "height": 860}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)


class Reader:
    """Somebody in front of a page, who checks each page for barriers, complaints of the browser and wide content."""

    def __init__(self, page: Page, world: World, folder: Path) -> None:
        self.page = page
        self.world = world
        self.folder = folder
        self.complaints: list[str] = []
        self.seen = 0
        self.refusals_expected = False  # the browser notes every answer of 400 and above
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def check(self, name: str) -> None:
        """Check the page that is open, on a desk and on a telephone."""
        for size in (PHONE, DESK):
            self.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, f"{name} is {wide} px too wide at {size['width']}"
            found = Axe().run(self.page, options=RULES)
            assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        self.seen += 1
        self.page.screenshot(path=self.folder / f"{self.seen:02d}-{name}.png", full_page=True)

    def sign_in(self, login: str, password: str = PASSWORD, *, language: str = "vi") -> None:
        """Sign in."""
        self.page.goto(f"{self.world.address}/{language}/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", password)
        self.page.click("main button[type=submit]")


@pytest.fixture
def reader(chromium: Browser, world: World, tmp_path: Path) -> Iterator[Reader]:
    """Somebody with a fresh browser profile, and no complaint of the browser left behind."""
    with ExitStack() as stack:
        context = chromium.new_context(locale="vi-VN", accept_downloads=True)
        stack.callback(context.close)
        reader = Reader(context.new_page(), world, tmp_path)
        yield reader
        noted = "Failed to load resource" if reader.refusals_expected else "nothing"
        assert [text for text in reader.complaints if not text.startswith(noted)] == []


def test_a_worker_finds_a_misspelt_child_gives_a_reason_and_opens_her(reader: Reader, world: World) -> None:
    one_time = world.add_account("browser-worker", *ACCOUNTS["worker"])
    page = reader.page
    reader.sign_in("browser-worker", one_time)
    reader.check("password")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Việc hôm nay")
    reader.check("today")
    page.fill("#text", invented.MISSPELT)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_focused()
    reader.check("results")
    assert invented.CHILD in page.locator(".result h2").all_inner_texts()
    assert not any(secret in page.url for secret in invented.SECRETS)
    page.click(".result .button")
    expect(page.locator("h1")).to_have_text("Vì sao bạn mở hồ sơ này?")
    reader.check("reason")
    page.check("input[value=case_work]")
    page.click("main button[type=submit]")
    expect(page.locator("h1")).to_have_text(invented.CHILD)
    page.locator("summary").first.click()
    reader.check("child")
    page.go_back()
    page.go_back()
    expect(page.locator(".result h2").first).to_have_text(invented.CHILD)


def test_a_reviewer_decides_a_pair_and_takes_the_link_back(reader: Reader) -> None:
    page = reader.page
    reader.sign_in("reviewer", language="en")
    reader.check("today-of-a-reviewer")
    page.click("main .button")
    expect(page.locator("h1")).to_have_text("Is this the same child?")
    page.locator("summary").first.click()
    reader.check("pair")
    page.check("input[value=same]")
    page.fill("#reason", "Cùng mẹ, cùng ngày sinh.")
    page.click("main button[type=submit]")
    expect(page.locator("[role=status]")).to_contain_text("Saved: linked.")
    page.click("text=Undo the link")
    reader.check("undo")
    page.fill("#reason", "Nhầm cặp.")
    page.click("main button[type=submit]")
    expect(page.locator("h1")).to_have_text("The link is undone")
    reader.check("undone")


def test_a_reviewer_compares_two_records_and_looks_into_those_that_were_joined(reader: Reader) -> None:
    page = reader.page
    reader.sign_in("reviewer", language="en")
    page.click("nav >> text=Duplicate records")
    expect(page.locator("h1")).to_have_text("Are these two records one child?")
    page.locator("summary").first.click()
    reader.check("record-pair")
    page.check("input[value=unsure]")
    page.fill("#reason", "Cần hỏi xã.")
    page.click("main button[type=submit]")
    expect(page.locator("[role=status]")).to_contain_text("Saved: not sure.")
    page.click("text=Records joined lately")
    reader.check("record-joins")
    page.locator("main table a").first.click()
    expect(page.locator("main")).to_contain_text("The two are one child today.")
    page.click("text=Take out the record of >> nth=0")
    reader.check("record-join-undo")


def test_a_statistician_takes_the_table(reader: Reader) -> None:
    page = reader.page
    reader.sign_in("statistician")
    page.click("nav >> text=Bảng số liệu")
    reader.check("tables")
    page.click("main h2 a")
    reader.check("table")
    with page.expect_download() as download:
        page.click("text=Tải CSV")
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbf# title: Tr")


def test_mistakes_take_the_focus_and_lead_to_their_fields(reader: Reader) -> None:
    reader.refusals_expected = True
    page = reader.page
    page.goto(f"{reader.world.address}/vi/sign-in")
    reader.check("sign-in")
    page.click("main button[type=submit]")
    expect(page.locator(".mistakes")).to_be_focused()
    reader.check("sign-in-mistake")
    page.click(".mistakes a")
    expect(page.locator("#login")).to_be_focused()


def test_a_form_of_the_browser_passes_the_check_of_its_origin(reader: Reader) -> None:
    with reader.page.expect_request(lambda request: request.method == "POST") as sent:
        reader.sign_in("worker")
    assert sent.value.all_headers()["sec-fetch-site"] == "same-origin"
    expect(reader.page.locator("h1")).to_have_text("Việc hôm nay")


def test_the_auditor_and_the_lost_find_readable_pages(reader: Reader) -> None:
    reader.refusals_expected = True
    reader.sign_in("auditor", language="en")
    reader.page.click("nav >> text=Access log")
    reader.check("log")
    reader.page.goto(f"{reader.world.address}/en/nothing")
    reader.check("not-found")


def test_every_page_works_without_scripts(chromium: Browser, world: World) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{world.address}/vi/sign-in")
    page.fill("#login", "worker")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.fill("#text", invented.MISSPELT)
    page.click("main button[type=submit]")
    expect(page.locator(".result h2")).to_have_text(invented.CHILD)
    context.close()
