"""A resident takes the proof home and checks it off line, in a real browser from a file (P3, U2)."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page, expect

from services.runtime import merkle, seals
from tests.intake.sealed import seal
from tests.pages.looking import Look, faults
from tests.pages.residents import Installation

Proof = dict[str, Any]
HOLDS = "成立，只差对公钥 · It holds, if the key is the public one"
SUMMARY = "summary:has-text('已登记的凭证')"


@pytest.fixture(scope="module")
def taken(browser: Browser, residents: Installation, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The proof of a petition and the page that checks it, as a resident without scripts downloads them."""
    folder = tmp_path_factory.mktemp("home")
    look = Look(browser)
    page = residents.opened(look, residents.raised(), scripts=False)
    page.click(SUMMARY)
    expect(page.locator("details", has=page.locator(SUMMARY))).to_contain_text("一般20秒内做好")
    assert page.locator("a:has-text('下载凭证')").count() == 0
    for _ in range(3):
        residents.raised()
    residents.thread.submit(seal, residents.settings).result()
    page.reload()
    page.click(SUMMARY)
    files = []
    for text in ("下载凭证", "下载核对页面"):
        with page.expect_download() as download:
            page.click(f"a:has-text('{text}')")
        files.append(folder / download.value.suggested_filename)
        download.value.save_as(files[-1])
    look.close()
    assert [file.suffix for file in files] == [".json", ".html"]
    return files[0], files[1]


@pytest.fixture
def checker(browser: Browser, taken: tuple[Path, Path]) -> Iterator[Page]:
    """The page that checks, opened from the file; it must ask for nothing else."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(taken[1].as_uri())
    yield page
    context.close()
    assert (asked, said) == ([taken[1].as_uri()], [])


@pytest.fixture
def proof(taken: tuple[Path, Path]) -> Proof:
    found: Proof = json.loads(taken[0].read_text())
    return found


def paste(page: Page, proof: object) -> None:
    page.fill("#text", proof if isinstance(proof, str) else json.dumps(proof, ensure_ascii=False))


def published(residents: Installation) -> str:
    [key] = seals.listed(residents.settings.seal_keys).values()
    return key.id


def test_P3_a_proof_holds_and_says_what_is_proved(
    checker: Page, taken: tuple[Path, Path], proof: Proof, residents: Installation
) -> None:
    checker.set_input_files("#file", taken[0])
    expect(checker.locator("#verdict b")).to_have_text(HOLDS)
    expect(checker.locator("#verdict")).to_contain_text("还要看公钥是不是公布的那一把")
    event = json.loads(proof["event"])
    for shown in (
        "诉求登记",
        event["recordedtime"],
        event["data"]["petition"],
        f"/{residents.settings.space}/intake/1",
    ):
        expect(checker.locator("#facts")).to_contain_text(shown)
    number = published(residents)
    checker.fill(
        "#known",
        f"notify: {'0123 ' * 8}\nIntake " + " ".join(number[i : i + 4] for i in range(0, 32, 4)),
    )
    expect(checker.locator("#verdict b")).to_have_text("成立 · It holds")
    expect(checker.locator("#verdict")).to_contain_text("公钥也在公布的公钥里")


def test_P3_a_proof_that_is_dropped_or_pasted_is_checked_too(checker: Page, proof: Proof) -> None:
    paste(checker, proof)
    expect(checker.locator("#verdict b")).to_have_text(HOLDS)
    paste(checker, "")
    expect(checker.locator("#verdict")).to_be_hidden()
    dropped = checker.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'proof.json')); return data; }",
        json.dumps(proof),
    )
    checker.dispatch_event("main", "drop", {"dataTransfer": dropped})
    expect(checker.locator("#verdict b")).to_have_text(HOLDS)


def changed(text: str, at: int) -> str:
    """The text with one sign changed, a hexadecimal one to another."""
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


def by_another(proof: Proof) -> Proof:
    """The same seal, signed by a key of somebody else who puts their own key beside it."""
    key = Ed25519PrivateKey.generate()
    form, source, time, seal_ = proof["signed"].split("\n")
    own = json.loads(seal_) | {"key": seals.key_id(key.public_key())}
    signed = "\n".join((form, source, time, json.dumps(own, separators=(",", ":"))))
    raw = key.public_key().public_bytes(*seals.RAW).hex()
    return proof | {"signed": signed, "signature": key.sign(signed.encode()).hex(), "key": raw}


def another_event(proof: Proof) -> Proof:
    """An event that was never in the log, with the root and the path that would be right for it."""
    event = proof["event"].replace('"web"', '"phone"')
    assert event != proof["event"]
    form, source, time, seal_ = proof["signed"].split("\n")
    own = json.loads(seal_)
    place = int(json.loads(event)["sequence"]) - own["covers"]["first"]
    size = own["covers"]["last"] - own["covers"]["first"] + 1
    root = merkle.root_by(merkle.leaf(event.encode()), place, size, [bytes.fromhex(each) for each in proof["path"]])
    assert root
    signed = "\n".join((form, source, time, json.dumps(own | {"root": root.hex()}, separators=(",", ":"))))
    return proof | {"event": event, "signed": signed}


FAULTS: dict[str, tuple[Callable[[Proof], object], str]] = {
    "one byte of the event": (
        lambda proof: proof | {"event": proof["event"].replace('"web"', '"wec"')},
        "记录的原文或路径被改过",
    ),
    "another step of the path": (
        lambda proof: proof | {"path": [changed(proof["path"][0], 5), *proof["path"][1:]]},
        "记录的原文或路径被改过",
    ),
    "a step too few": (lambda proof: proof | {"path": proof["path"][:-1]}, "记录的原文或路径被改过"),
    "a step too many": (lambda proof: proof | {"path": [*proof["path"], "0" * 64]}, "记录的原文或路径被改过"),
    "another key": (lambda proof: proof | {"key": by_another(proof)["key"]}, "公钥不是封存时用的那一把"),
    "the root of another event": (another_event, "签名不对"),
    "another moment of sealing": (
        lambda proof: proof | {"signed": proof["signed"].replace("\n20", "\n19", 1)},
        "签名不对",
    ),
    "another signature": (lambda proof: proof | {"signature": changed(proof["signature"], 7)}, "签名不对"),
    "another log": (
        lambda proof: proof | {"signed": proof["signed"].replace("/intake/", "/notify/", 1)},
        "不是同一个系统的",
    ),
    "a place outside": (
        lambda proof: proof | {"event": proof["event"].replace('"sequence":"000', '"sequence":"900')},
        "不在这次封存的范围里",
    ),
    "no event": (lambda proof: proof | {"event": None}, "没有记录的原文"),
    "half a key": (lambda proof: proof | {"key": proof["key"][:20]}, "凭证文件不完整"),
    "no path": (lambda proof: proof | {"path": [None]}, "凭证文件不完整"),
    "a seal without a span": (
        lambda proof: proof | {"signed": proof["signed"].replace('"covers"', '"cover"')},
        "不在这次封存的范围里",
    ),
    "nothing that is a proof": (lambda _: "[1]", "这不是凭证文件"),
    "something else": (lambda _: "您好", "这不是凭证文件"),
}


@pytest.mark.parametrize("how", FAULTS)
def test_P3_whatever_is_not_right_does_not_hold_and_says_why(checker: Page, proof: Proof, how: str) -> None:
    alter, why = FAULTS[how]
    paste(checker, alter(proof))
    expect(checker.locator("#verdict b")).to_have_text("不成立 · It does not hold")
    expect(checker.locator("#verdict")).to_contain_text(why)
    expect(checker.locator("#facts")).to_be_empty()


def test_P3_a_seal_of_somebody_elses_shows_against_the_published_keys(
    checker: Page, proof: Proof, residents: Installation
) -> None:
    paste(checker, by_another(proof))
    expect(checker.locator("#verdict")).to_contain_text("还要看公钥是不是公布的那一把")
    checker.fill("#known", f"intake {published(residents)}")
    expect(checker.locator("#verdict b")).to_have_text("不成立 · It does not hold")
    expect(checker.locator("#verdict")).to_contain_text("不在 intake 公布的公钥里")


def test_P3_the_published_key_of_another_service_proves_nothing_of_this_one(
    checker: Page, proof: Proof, residents: Installation
) -> None:
    """Whoever has the key of notify's relay could sign what they like in the name of intake."""
    paste(checker, proof)
    checker.fill("#known", f"notify {published(residents)}\nintake {'0123' * 8}")
    expect(checker.locator("#verdict b")).to_have_text("不成立 · It does not hold")
    expect(checker.locator("#verdict")).to_contain_text("不在 intake 公布的公钥里")


@pytest.mark.parametrize("line", ["{}", "intake {}0", "intake", "intake: 0123, {}"])
def test_P3_a_published_key_without_its_service_is_asked_for_again(
    checker: Page, proof: Proof, residents: Installation, line: str
) -> None:
    paste(checker, proof)
    checker.fill("#known", line.format(published(residents)))
    expect(checker.locator("#verdict b")).to_have_text("没有核对 · Not checked")
    expect(checker.locator("#verdict")).to_contain_text("先写系统的名字")


def test_P3_a_browser_that_cannot_check_says_so(checker: Page, proof: Proof) -> None:
    checker.evaluate(
        "() => { crypto.subtle.importKey = () => Promise.reject(new DOMException('no', 'NotSupportedError')); }"
    )
    paste(checker, proof)
    expect(checker.locator("#verdict b")).to_have_text("没有核对 · Not checked")
    expect(checker.locator("#verdict")).to_contain_text("换一个新的浏览器")


def test_A2_the_page_that_checks_can_be_read_hit_and_seen(checker: Page, proof: Proof) -> None:
    paste(checker, proof)
    expect(checker.locator("#verdict b")).to_be_visible()
    for width in (320, 390, 1280):
        checker.set_viewport_size({"width": width, "height": 900})
        assert list(faults(checker, "zh")) == []


def test_A2_the_petition_with_its_proof_can_be_read_hit_and_seen(look: Look, residents: Installation) -> None:
    received = residents.raised()
    page = residents.opened(look, received)
    page.click(SUMMARY)
    look.here(page, "petition-proof-early")
    residents.thread.submit(seal, residents.settings).result()
    page.reload()
    page.click(SUMMARY)
    look.here(page, "petition-proof")


def test_U2_without_a_code_there_is_no_proof(residents: Installation, look: Look) -> None:
    page = look.open(f"{residents.address}/follow/petition/proof")
    assert page.url == f"{residents.address}/follow"
