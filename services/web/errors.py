"""How an error reads: a stable code, a sentence in Chinese and in English, and the field it is about."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.refused import Refused
from services.runtime.database import AWAY
from services.runtime.gather import Contradicted, Overloaded, Torn, Unavailable
from services.runtime.log import Overtaken, TooLarge


@dataclass(frozen=True)
class Text:
    """What an error says: HTTP status, Chinese, English. `{name}` is filled in from the refusal's fields."""

    status: int
    zh: str
    en: str


COMMON: Mapping[str, Text] = {
    "auth.missing": Text(401, "需要登录凭证。", "A bearer token is needed."),
    "auth.invalid": Text(401, "登录凭证不对，重新登录。", "The token is not valid; log in again."),
    "auth.expired": Text(401, "登录已过期，重新登录。", "The token has expired; log in again."),
    "auth.role": Text(403, "这件事由其他角色办理：{roles}。", "This is for another role: {roles}."),
    "auth.scope": Text(403, "这不在您的职责范围内。", "This lies outside your scope."),
    "auth.no-issuer": Text(503, "这里还没有接通登录。", "Signing in has not been set up here."),
    "auth.issuer-away": Text(
        503, "登录系统没有回应，过几分钟再登录。", "The sign-in system does not answer; try later."
    ),
    "auth.not-finished": Text(400, "登录没有完成，再登录一次。", "Signing in was not finished; sign in again."),
    "auth.no-role": Text(
        403, "您的账号在这里还没有角色，找管理员开通。", "Your account has no role here; ask for one."
    ),
    "csrf.foreign": Text(
        403,
        "这次提交不是从本站页面发来的，没有收下。从本站页面再提交一次。",
        "This was not sent from a page of this site, and nothing was kept. Send it from the page again.",
    ),
    "http.not-found": Text(404, "没有这个地址。", "There is no such address."),
    "http.method": Text(405, "这个地址不支持这种请求方式。", "This address does not take this method."),
    "http.other": Text(400, "没有看懂这个请求。", "The request was not understood."),
    "body.too-large": Text(413, "内容太大，分几次发送。", "The body is too large; send it in parts."),
    "body.invalid": Text(422, "有{count}处需要改。", "{count} thing(s) to change."),
    "command.contradicted": Text(
        409,
        "这个编号已经用于另一份内容。换一个新编号再发。",
        "This command id was used for another content; send yours under a new id.",
    ),
    "command.torn": Text(
        409,
        "系统恢复数据后，这一条可能只找回了一部分。先看看现在的情况，需要时换一个新编号再发。",
        "After a restore only a part of this may have come back; look at what there is before you send it anew.",
    ),
    "command.overtaken": Text(
        409, "别人刚刚改过，看过最新情况再试一次。", "Somebody else was quicker; look at the new state and try again."
    ),
    "service.overloaded": Text(
        503,
        "现在太忙，没有收下。过几秒原样再发一次，不会重复。",
        "Too busy; nothing was kept. Send the same again shortly.",
    ),
    "service.away": Text(
        503,
        "暂时不知道收下没有。过几秒原样再发一次，不会重复。",
        "The database did not answer. Send the same again shortly; it will count once.",
    ),
    "service.failed": Text(
        500,
        "出了差错，不知道收下没有。过几分钟原样再发一次，不会重复。",
        "Something went wrong; it is not known whether this was kept. Send the same again later; it will count once.",
    ),
    "after.malformed": Text(400, "after 的写法不对：{given}。", "Not a receipt's `after`: {given}."),
    "after.not-read-here": Text(400, "这里看不到这个主题：{topic}。", "This service does not read the topic {topic}."),
    "after.not-yet": Text(202, "已收到，正在更新，过一会儿再看。", "Received and on its way; ask again in a moment."),
    "after.too-early": Text(
        503,
        "前面的记录还没有到，没有收下。过几秒原样再发一次。",
        "What this follows from has not arrived; nothing was kept. Send the same again shortly.",
    ),
    "proof.no-event": Text(404, "这里的记录里没有这件事。", "There is no such event in this log."),
    "proof.not-yet": Text(
        409,
        "记录还没有封存，一般{seconds}秒内完成，过一会儿再取。",
        "Not sealed yet; as a rule it is within {seconds} s.",
    ),
    "proof.none": Text(
        404,
        "这条记录早于签名封存，没有凭证可取。",
        "This was recorded before seals were signed; there is no proof of it.",
    ),
    "seals.no-key": Text(503, "这里还没有公布封存的公钥。", "The public keys of seals have not been set up here."),
    "time.in-future": Text(422, "时间在将来，检查日期和时钟。", "The time lies in the future; check date and clock."),
    "time.too-old": Text(
        422,
        "时间早于{days}天前，这样的旧记录由导入人员补录。",
        "Older than {days} days; records that old are entered by the import role.",
    ),
    "time.before-start": Text(422, "时间早于这件事的开始。", "The time lies before the matter began."),
}

FIELDS: Mapping[str, tuple[str, str]] = {
    "missing": ("缺少这一项。", "This field is missing."),
    "extra_forbidden": ("没有这一项，去掉它。", "There is no such field; leave it out."),
    "json_invalid": ("不是正确的 JSON。", "This is not valid JSON."),
    "string_pattern_mismatch": ("写法不对：只用规定的字符。", "Not in the form expected: {pattern}"),
    "enum": ("只能从规定的选项里选：{expected}。", "Must be one of: {expected}."),
    "uuid_parsing": ("不是正确的编号（UUID）。", "Not a UUID."),
    "timezone_aware": ("时间要写明时区，例如 +08:00。", "The time needs an offset, such as +08:00."),
    "datetime_parsing": ("不是正确的时间。", "Not a valid time (RFC 3339)."),
    "datetime_from_date_parsing": ("不是正确的时间。", "Not a valid time (RFC 3339)."),
    "too_long": ("太多，最多{max_length}个。", "Too many; at most {max_length}."),
    "too_short": ("太少，至少{min_length}个。", "Too few; at least {min_length}."),
    "value_error": ("内容前后不符：{error}。", "{error}."),
}
WHERE = ("body", "query", "path")
UNKNOWN_FIELD = ("这一项写得不对。", "This field is not valid.")


def field_errors(error: RequestValidationError | Any) -> list[dict[str, str]]:
    """Each faulty field with its path, a stable code and both sentences."""
    found = []
    for item in error.errors():
        zh, en = FIELDS.get(item["type"], UNKNOWN_FIELD)
        context = _Blank({key: str(value) for key, value in item.get("ctx", {}).items()})
        # A field's name is the client's: half a surrogate pair in it could not be written into the answer.
        path = [str(part).encode(errors="replace").decode() for part in item["loc"] if part not in WHERE]
        found.append(
            {
                "field": ".".join(path),
                "code": f"field.{item['type'].replace('_', '-')}",
                "zh": zh.format_map(context),
                "en": en.format_map(context),
            }
        )
    return found


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


class Catalogue:
    """The words of one service beside the common ones; `by_tag` has, for each tag of its routes, how the codes begin
    that these may answer.
    """

    def __init__(self, own: Mapping[str, Text], by_tag: Mapping[str, Collection[str]] | None = None) -> None:
        self.texts, self.by_tag = {**COMMON, **own}, by_tag or {}

    def body(self, refused: Refused, **more: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of a refusal."""
        text = self.texts[refused.code]
        fields = _Blank({key: str(value) for key, value in refused.fields.items()})
        body = {"code": refused.code, "zh": text.zh.format_map(fields), "en": text.en.format_map(fields)}
        if refused.field:
            body["field"] = refused.field
        return text.status, body | more

    def answer(self, refused: Refused, **more: Any) -> JSONResponse:
        """The HTTP answer of a refusal."""
        status, body = self.body(refused, **more)
        headers = {
            503: {"Retry-After": "2"},
            202: {"Retry-After": "1"},
            401: {"WWW-Authenticate": "Bearer"},
            429: {"Retry-After": "900"},
        }
        return JSONResponse(body, status, headers.get(status))


CALLED: Mapping[type[Exception], tuple[str, ...]] = {
    Torn: ("command.torn", "command"),
    Contradicted: ("command.contradicted", "command"),
    Overtaken: ("command.overtaken",),
    TooLarge: ("body.too-large",),
    Overloaded: ("service.overloaded",),
    Unavailable: ("service.away",),
    **dict.fromkeys(AWAY, ("service.away",)),
}
"""What the log's refusals are called towards a client, code and field; the first that fits."""
EXPECTED: tuple[type[Exception], ...] = (Refused, *CALLED)


def refusal_of(error: Exception) -> Refused:
    """The refusal that an error is; a Refused is itself. Raises anything else again."""
    if isinstance(error, Refused):
        return error
    for kind, words in CALLED.items():
        if isinstance(error, kind):
            return Refused(*words)
    raise error


Answer = Callable[[Request, Refused], Response]
"""A refusal for whoever asks: a page where a page is asked for."""


class LimitInWords:
    """Around a whole application: FastAPI's body limit answers 413 in plain text, outside every handler of ours."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app, self._answer = app, answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves; a 413 that is not in our words is answered anew."""
        replaced = False

        async def ours(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = dict(message.get("headers", ())).get(b"content-type", b"")
                replaced = not kind.startswith((b"application/json", b"text/html"))
                if replaced:
                    await self._answer(Request(scope), Refused("body.too-large"))(scope, receive, send)
            if not replaced:
                await send(message)

        await self._app(scope, receive, ours)


def install(app: FastAPI, catalogue: Catalogue, answer: Answer) -> None:
    """Makes every error of an application read alike; those of page routes are pages before they come here."""

    async def refused(_: Request, error: Exception) -> JSONResponse:
        return catalogue.answer(refusal_of(error))

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        fields = field_errors(error)
        return catalogue.answer(Refused("body.invalid", count=len(fields)), fields=fields)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        codes = {404: "http.not-found", 405: "http.method", 413: "body.too-large"}
        return answer(request, Refused(codes.get(error.status_code, "http.other")))

    async def failed(request: Request, _: Exception) -> Response:
        return answer(request, Refused("service.failed"))

    for kind in EXPECTED:
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, failed)
