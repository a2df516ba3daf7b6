"""Transcripts over HTTP: read, taken out, mailed, checked."""

from aiohttp import web

from bot.kit.web import RouteTable, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.exports.proof import Form
from handoff.exports.service import Act, Transcripts
from handoff.exports.wire import (
    AddressItem,
    Nothing,
    TranscriptQuery,
    VerdictItem,
    VerifyBody,
    address_item,
    verdict_item,
)
from handoff.transcript import CONTENT_SECURITY_POLICY

TRANSCRIPTS = web.AppKey("transcripts", Transcripts)
table = RouteTable(prefix="/api/v1", tag="transcripts")
_KINDS = {Form.HTML: "text/html", Form.TXT: "text/plain", Form.JSON: "application/json"}


@table.add(
    "GET",
    "/conversations/{id}/transcript",
    allow="transcripts.read",
    summary="The whole conversation as json, txt or a page to print, with its hash",
    query=TranscriptQuery,
)
async def get_transcript(request: web.Request) -> web.StreamResponse:
    """Return the whole conversation; that somebody took it is put on record."""
    staff = staff_of(request)
    query = read_query(request, TranscriptQuery)
    form = Form(query.format)
    made = await request.app[TRANSCRIPTS].make(
        request.match_info["id"],
        staff,
        form=form,
        act=Act.EXPORTED if query.download else Act.READ,
        locale=staff.locale,
    )
    kind = "attachment" if query.download else "inline"
    name = f"transcript-{made.conversation_id}.{form.value}"
    headers = {
        "Content-Disposition": f'{kind}; filename="{name}"',
        "X-Transcript-SHA256": made.sha256,
    }
    if form is Form.HTML:
        headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return web.Response(text=made.text, content_type=_KINDS[form], charset="utf-8", headers=headers)


@table.add(
    "GET",
    "/conversations/{id}/transcript/address",
    allow="tickets.work",
    summary="Where the conversation would be mailed to",
    answer=AddressItem,
)
async def get_address(request: web.Request) -> web.StreamResponse:
    """Tell which address of the customer's is proved."""
    staff = staff_of(request)
    found = await request.app[TRANSCRIPTS].address(request.match_info["id"], staff)
    return ok(address_item(found))


@table.add(
    "POST",
    "/conversations/{id}/transcript/send",
    allow="tickets.work",
    summary="Mail the conversation to the customer, or ask them for an address to prove",
    body=Nothing,
    answer=AddressItem,
    status=202,
)
async def send(request: web.Request) -> web.StreamResponse:
    """Mail the conversation; without a proved address the customer is asked for one."""
    staff = staff_of(request)
    await read_body(request, Nothing)
    sent = await request.app[TRANSCRIPTS].send(request.match_info["id"], staff)
    return ok(address_item(sent), status=202)


@table.add(
    "POST",
    "/transcripts/verify",
    allow="transcripts.read",
    summary="Whether a transcript is as it was exported, or which part differs",
    body=VerifyBody,
    answer=VerdictItem,
)
async def verify(request: web.Request) -> web.StreamResponse:
    """Check a file that somebody brought."""
    body = await read_body(request, VerifyBody)
    verdict = await request.app[TRANSCRIPTS].verify(body.text, staff_of(request))
    return ok(verdict_item(verdict))
