"""Answers are safe wherever they are shown."""

import re
import time

import pytest

from knowledge_base.markdown import (
    dangerous_links,
    raw_html,
    to_html,
    to_plain,
    to_telegram_html,
)

NASTY = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript%3Aalert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](file:///etc/passwd)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x](https://example.com/a.png "a" onerror=alert(1))',
    "<iframe src=//evil.example></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    '[x](https://example.com/"onmouseover=alert(1))',
    '[x](<https://example.com/" onmouseover="alert(1)>)',
    "`<script>alert(1)</script>`",
    "```\n<script>alert(1)</script>\n```",
    "<svg/onload=alert(1)>",
    "</p><style>*{display:none}</style>",
    "| <b onclick=alert(1)>a</b> | b |\n| --- | --- |\n| c | d |",
    "[x](//evil.example)",
    "[x](\\\\evil.example)",
    "[a](http://x'onclick='alert(1))",
    "<<script>script>alert(1)<</script>/script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
TAG = re.compile(r"<\s*([a-zA-Z]+)([^>]*)>")


@pytest.mark.parametrize("markdown", NASTY)
def test_nothing_runs(markdown: str) -> None:
    for html in (to_html(markdown), to_telegram_html(markdown)):
        for name, attributes in TAG.findall(html):
            assert name in {"p", "a", "code", "pre", "table", "thead", "tbody", "tr", "th", "td"}
            rest = re.sub(r'(?:href|rel|title)="[^"]*"', "", attributes)
            assert not rest.strip(), html
            for url in re.findall(r'href="([^"]*)"', attributes):
                elsewhere = url.startswith(("http://", "https://"))
                assert elsewhere or url == "%5Cevil.example", html


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](javascript%3Aalert(1))",
        "[x]( <javascript:alert(1)>)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](file:///etc/passwd)",
        "[x]: vbscript:msgbox(1)",
        "<javascript:alert(1)>",
    ],
)
def test_dangerous_links_are_found(markdown: str) -> None:
    assert dangerous_links(markdown)


def test_ordinary_links_are_not_dangerous() -> None:
    text = "[a](https://example.com) [b](mailto:a@example.com) [c](tel:+551140000000) [d](/help)"
    assert dangerous_links(text) == []
    assert 'rel="noopener noreferrer nofollow"' in to_html(text)


def test_html_is_shown_as_the_text_it_is() -> None:
    assert to_html("a <b>c</b>") == "<p>a &lt;b&gt;c&lt;/b&gt;</p>"
    assert raw_html("a <b>c</b> 1 < 2") == ["<b>", "</b>"]
    assert raw_html("1 < 2 and `<b>`") == []


ARTICLE = """## Prazo

Enviamos em **1 a 2** dias úteis.
Veja *aqui*:

- capitais: 2 dias
- interior: [mapa](https://example.com/mapa)

1. abra
2. feche

> Nota & aviso
"""


def test_plain_text() -> None:
    assert to_plain(ARTICLE) == (
        "Prazo\n\nEnviamos em 1 a 2 dias úteis.\nVeja aqui:\n\n• capitais: 2 dias\n"
        "• interior: mapa (https://example.com/mapa)\n\n1. abra\n2. feche\n\nNota & aviso"
    )


def test_telegram_gets_only_tags_it_knows() -> None:
    html = to_telegram_html(ARTICLE)
    assert html == (
        "<b>Prazo</b>\n\nEnviamos em <b>1 a 2</b> dias úteis.\nVeja <i>aqui</i>:\n\n"
        '• capitais: 2 dias\n• interior: <a href="https://example.com/mapa">mapa</a>\n\n'
        "1. abra\n2. feche\n\n<blockquote>Nota &amp; aviso</blockquote>"
    )


def test_page_html() -> None:
    html = to_html(ARTICLE)
    assert "<h2>Prazo</h2>" in html
    assert "<li>capitais: 2 dias</li>" in html


def test_relative_links_are_words_on_telegram() -> None:
    assert to_telegram_html("[ajuda](/help)") == "ajuda"


def test_deep_nesting_ends() -> None:
    assert to_plain("> " * 12 + "x") == "x"
    to_plain("> " * 500 + "x")


@pytest.mark.parametrize("piece", ["[", "*a ", "`a", "![](", "> ", "<a ", "[a](", "_a*", "a|", "&"])
def test_hostile_texts_end_quickly(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    started = time.process_time()
    to_html(text)
    dangerous_links(text)
    raw_html(text)
    assert time.process_time() - started < 5
