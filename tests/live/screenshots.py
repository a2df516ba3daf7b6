"""Takes the README's pictures of the running system: `python -m tests.live.screenshots OUTDIR`.

Starts an installation of its own with the demo shop, lets customers, an agent and an editor do what
they do all day, and writes demo.png, widget.png, console.png and admin.png.
"""

import asyncio
import base64
import shutil
import struct
import sys
import tempfile
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from tests.system import System, staff, visitor
from tests.web.conftest import ARGUMENTS, CHROMIUMS

SIZE: ViewportSize = {"width": 1280, "height": 800}
STILL = "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)))"
PIXELS = """async (picture) => {
    const image = new Image();
    image.src = "data:image/png;base64," + picture;
    await image.decode();
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, image.width, image.height);
    let text = "";
    for (let at = 0; at < data.length; at += 32768) {
        text += String.fromCharCode(...data.subarray(at, at + 32768));
    }
    return btoa(text);
}"""
WAITING = (
    ("pt-BR", "meu pedido chegou com um item faltando", "quero falar com uma pessoa"),
    ("es", "me cobraron dos veces", "quiero hablar con una persona"),
    ("en", "my parcel is late", "I want to talk to a person about my order AUR-10005"),
    ("pt-BR", "esqueci minha senha", "atendente, por favor"),
)


async def log_in(browser: Browser, system: System, role: str, page: str) -> Page:
    """Open a page of the staff, in English."""
    email, password = system.passwords()[role]
    opened = await browser.new_page(viewport=SIZE, locale="en", color_scheme="light")
    await opened.goto(f"{system.url}/login?lang=en&next={page}")
    await opened.get_by_label("E-mail").fill(email)
    await opened.get_by_label("Password", exact=True).fill(password)
    await opened.get_by_role("button", name="Log in").click()
    await opened.get_by_role("heading").first.wait_for()
    return opened


async def ask(page: Page, text: str) -> None:
    """Write in the chat and wait for the answer."""
    others = page.locator("frontline-chat .message:not(.customer)")
    before = await others.count()
    await page.locator("frontline-chat textarea").fill(text)
    await page.keyboard.press("Enter")
    await expect(others.nth(before)).to_be_visible(timeout=15_000)


async def open_shop(browser: Browser, system: System) -> Page:
    """Open the shop in English."""
    page = await browser.new_page(viewport=SIZE, locale="en", color_scheme="light")
    await page.goto(f"{system.url}/?lang=en")
    await page.locator("frontline-chat .launcher").wait_for()
    return page


async def smaller(page: Page, picture: bytes) -> bytes:
    """Write the picture anew: seven bits of each colour, tightly packed (browsers pack in haste)."""
    encoded = await page.evaluate(PIXELS, base64.b64encode(picture).decode())
    pixels = np.frombuffer(base64.b64decode(encoded), np.uint8)
    pixels = pixels.reshape(SIZE["height"], SIZE["width"], 4)[:, :, :3]
    pixels = np.where(pixels == 255, pixels, pixels & 0xFE)
    rows = pixels.copy()
    rows[:, 1:] -= pixels[:, :-1]  # PNG's filter 1: the difference to the left neighbour
    lines = np.insert(rows.reshape(SIZE["height"], -1), 0, 1, axis=1)
    header = struct.pack(">IIBBBBB", SIZE["width"], SIZE["height"], 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


async def take_all(system: System, browser: Browser, folder: Path) -> None:
    """Play the scenes and take their pictures."""

    async def take(page: Page, name: str) -> None:
        await page.evaluate(STILL)
        picture = await page.screenshot()
        (folder / f"{name}.png").write_bytes(await smaller(blank, picture))

    blank = await browser.new_page()
    shop = await open_shop(browser, system)
    await take(shop, "demo")
    await shop.locator("frontline-chat .launcher").click()
    await ask(shop, "where is my order?")
    await ask(shop, "AUR-10023")
    await ask(shop, await system.code_for("ana@example.com"))
    await ask(shop, "can I pay in instalments?")
    await take(shop, "widget")
    await people_wait(system)
    await hand_off(system, browser, take)
    await edit(system, browser, take)


async def people_wait(system: System) -> None:
    """Fill the queues."""
    for locale, matter, wish in WAITING:
        async with visitor(system, locale=locale) as customer:
            await customer.say(matter)
            await customer.say(wish)
    async with staff(system, *system.passwords()["supervisor"]) as supervisor:
        for item in (await supervisor.call("GET", "/tickets", state="queued"))["items"]:
            if "late" in item["subject"]:
                body = {"priority": "high", "reason": "The customer waits since yesterday."}
                await supervisor.call("POST", f"/tickets/{item['id']}/priority", body)


async def hand_off(
    system: System, browser: Browser, take: Callable[[Page, str], Awaitable[None]]
) -> None:
    """An agent in the middle of a conversation."""
    customer = await open_shop(browser, system)
    await customer.locator("frontline-chat .launcher").click()
    await ask(customer, "how do I return a product?")
    await ask(customer, "I want to talk to a person about my order AUR-10006")
    nina = await log_in(browser, system, "agent N2", "/console")
    await nina.locator(".ticket").filter(has_text="how do I return").get_by_role("link").click()
    await nina.get_by_role("button", name="Claim to reply").click()
    await nina.locator("#composer-text").fill(
        "Hello! I see your order AUR-10006 was delivered. Is the lamp still unused?"
    )
    await nina.keyboard.press("Enter")
    await customer.locator("frontline-chat textarea").fill("Yes, it is still in its box.")
    await customer.keyboard.press("Enter")
    await expect(nina.locator(".from-customer").last).to_contain_text("in its box")
    await nina.locator("#composer-text").fill("Perfect, then I am sending you the label for")
    await take(nina, "console")


async def edit(
    system: System, browser: Browser, take: Callable[[Page, str], Awaitable[None]]
) -> None:
    """An editor trying a draft."""
    editor = await log_in(browser, system, "editor", "/admin")
    await editor.get_by_role("searchbox").fill("return a product")
    await editor.locator(".article-title").filter(has_text="return a product").click()
    answer = editor.get_by_label("Answer", exact=True)
    text = await answer.input_value()
    await answer.fill(text.replace("7 calendar days", "14 calendar days"))
    await expect(editor.get_by_text("Draft saved at")).to_be_visible()
    await editor.get_by_role("tab", name="Try it").click()
    await editor.get_by_label("Question of a customer").fill("i want to send it back")
    await editor.keyboard.press("Enter")
    await editor.locator(".hit").first.wait_for()
    await editor.evaluate("scrollTo(0, 0)")
    await take(editor, "admin")


async def main(folder: Path) -> None:
    """Start, play, stop."""
    chromium = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with tempfile.TemporaryDirectory() as temporary:
        system = System(Path(temporary), options=("--no-telegram",))
        await system.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
                await take_all(system, browser, folder)
                await browser.close()
        finally:
            await system.stop()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.live.screenshots OUTDIR")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
