"""Typed routes over aiohttp: pydantic models in and out, problem documents, OpenAPI from the same list.

A concept's `routes.py` makes a `RouteTable`, adds handlers, and `bot/app.py` mounts it. A route that is
not in a table does not exist, and every route names who may call it: deny by default.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_snake

from bot.kit.errors import (
    BadRequest,
    Forbidden,
    FrontlineError,
    Invalid,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
)

log = structlog.get_logger(__name__)
M = TypeVar("M", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Model(BaseModel):
    """Base of request and answer bodies: unknown members are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: how it is called, who may call it, what goes in and out.

    `allow` is "public" (anybody), "widget" (a visitor's session token), "page" (a staff cookie,
    answered with a redirect to the log-in page), or the name of a staff permission.
    """

    method: str
    path: str
    handler: Handler
    allow: str
    summary: str
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    tags: tuple[str, ...] = ()
    in_document: bool = True
    csrf: bool = True


@dataclass(slots=True)
class RouteTable:
    """The routes of one concept under one path prefix."""

    prefix: str = ""
    tag: str = ""
    routes: list[Route] = field(default_factory=list)

    def add(
        self,
        method: str,
        path: str,
        *,
        allow: str,
        summary: str,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        answer: type[BaseModel] | None = None,
        status: int = 200,
        in_document: bool = True,
        csrf: bool = True,
    ) -> Callable[[Handler], Handler]:
        """Register the decorated coroutine; arguments as in `Route`."""

        def register(handler: Handler) -> Handler:
            self.routes.append(
                Route(
                    method=method,
                    path=self.prefix + path,
                    handler=handler,
                    allow=allow,
                    summary=summary,
                    body=body,
                    query=query,
                    answer=answer,
                    status=status,
                    tags=(self.tag,) if self.tag else (),
                    in_document=in_document,
                    csrf=csrf,
                )
            )
            return handler

        return register


async def read_body(request: web.Request, model: type[M]) -> M:
    """Parse the JSON body into `model`.

    Raises:
        BadRequest: the body is no JSON object.
        Invalid: a member is missing, unknown or out of range; `errors` names each by JSON pointer.
    """
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise TooLarge("The request body is too large.") from error
    if not raw:
        raw = b"{}"
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body must be JSON in UTF-8.") from error
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.")
    return _validate(model, data)


def read_query(request: web.Request, model: type[M]) -> M:
    """Parse the query string into `model`; a repeated name becomes a list.

    Raises:
        Invalid: a parameter is unknown or out of range.
    """
    data: dict[str, Any] = {}
    for name in request.query:
        values = request.query.getall(name)
        field_info = model.model_fields.get(name)
        alias = next((k for k, f in model.model_fields.items() if f.alias == name), name)
        annotation = str((field_info or model.model_fields.get(alias) or _NO_FIELD).annotation)
        data[name] = values if "list[" in annotation or "tuple[" in annotation else values[-1]
    return _validate(model, data)


class _NoField:
    annotation = ""


_NO_FIELD = _NoField()


def _validate(model: type[M], data: dict[str, Any]) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        errors = [
            {
                "pointer": "/" + "/".join(str(part) for part in item["loc"]),
                "message": item["msg"],
                "code": to_snake(item["type"]),
            }
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        names = ", ".join(sorted({e["pointer"] for e in errors}))
        raise Invalid(f"Check these members: {names}", code="validation", errors=errors) from None


def ok(answer: BaseModel | dict[str, Any] | list[Any], *, status: int = 200) -> web.Response:
    """Return `answer` as JSON."""
    if isinstance(answer, BaseModel):
        text = answer.model_dump_json(by_alias=True)
    else:
        text = json.dumps(answer, ensure_ascii=False, default=_jsonable)
    return web.Response(text=text, status=status, content_type="application/json")


def _jsonable(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if hasattr(value, "isoformat"):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"not JSON: {type(value).__name__}")


def no_content() -> web.Response:
    """Return 204."""
    return web.Response(status=204)


def problem(error: FrontlineError) -> web.Response:
    """Render an error as RFC 9457 problem details."""
    document = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        **error.extra,
    }
    headers = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_seconds)
    elif error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, _Other) and error.allowed:
        headers["Allow"] = error.allowed
    return web.Response(
        text=json.dumps(document, ensure_ascii=False, default=_jsonable),
        status=error.status,
        content_type="application/problem+json",
        headers=headers,
    )


_HTTP_ERRORS: dict[int, type[FrontlineError]] = {
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
    422: Invalid,
}


def from_http_exception(error: web.HTTPException) -> FrontlineError:
    """Turn aiohttp's own refusals (unknown path, wrong method, too large) into ours."""
    phrase = HTTPStatus(error.status).phrase
    cls = _HTTP_ERRORS.get(error.status)
    if cls is not None:
        return cls(phrase + ".")
    result = _Other(phrase + ".", code=f"http_{error.status}")
    result.status = error.status  # type: ignore[misc]
    result.title = phrase  # type: ignore[misc]
    result.allowed = error.headers.get("Allow", "")
    return result


class _Other(FrontlineError):
    allowed = ""
    """Which methods there are, when the one that was used is none of them."""


def mount(app: web.Application, tables: Iterable[RouteTable]) -> list[Route]:
    """Add every route to `app` and return them all (for OpenAPI and the authorisation tests)."""
    routes: list[Route] = []
    for table in tables:
        for route in table.routes:
            table_of(app)[app.router.add_route(route.method, route.path, route.handler)] = route
            if route.method == "GET" and not route.path.startswith("/api/"):
                # Load balancers and link checkers ask with HEAD; a live stream would never end.
                table_of(app)[app.router.add_route("HEAD", route.path, route.handler)] = route
            routes.append(route)
    return routes


_TABLE: web.AppKey[dict[web.AbstractRoute, Route]] = web.AppKey("frontline_routes", dict)


def table_of(app: web.Application) -> dict[web.AbstractRoute, Route]:
    """Return the application's routes; filled by `mount`."""
    if _TABLE not in app:
        app[_TABLE] = {}
    return app[_TABLE]


def route_of(request: web.Request) -> Route | None:
    """Return the table entry behind a request, or None for aiohttp's own 404/405."""
    return table_of(request.app).get(request.match_info.route)


# ---------------------------------------------------------------------------------- OpenAPI


def openapi_document(routes: Sequence[Route], *, title: str, version: str) -> dict[str, Any]:
    """Build the OpenAPI 3.1 document of `routes` from their models."""
    from pydantic.json_schema import models_json_schema

    models: list[tuple[type[BaseModel], Any]] = []
    for route in routes:
        models += [(m, "validation") for m in (route.body, route.query) if m is not None]
        if route.answer is not None:
            models.append((route.answer, "serialization"))
    mapping, definitions = models_json_schema(
        list(dict.fromkeys(models)), ref_template="#/components/schemas/{model}"
    )
    schemas = dict(definitions.get("$defs", {}))
    schemas["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
        },
    }
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not route.in_document or route.method == "*":
            continue
        operation: dict[str, Any] = {
            "summary": route.summary,
            "operationId": _operation_id(route),
            "tags": list(route.tags),
            "responses": {
                str(route.status): {"description": HTTPStatus(route.status).phrase},
                "default": {
                    "description": "Problem details (RFC 9457)",
                    "content": {
                        "application/problem+json": {
                            "schema": {"$ref": "#/components/schemas/Problem"}
                        }
                    },
                },
            },
            "x-allow": route.allow,
        }
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _path_names(route.path)
        ]
        if route.query is not None:
            # By the same references as everything else: an inlined schema would point nowhere.
            name = mapping[(route.query, "validation")]["$ref"].rpartition("/")[2]
            schema = schemas[name]
            required = set(schema.get("required", ()))
            parameters += [
                {"name": name, "in": "query", "required": name in required, "schema": spec}
                for name, spec in schema.get("properties", {}).items()
            ]
        if parameters:
            operation["parameters"] = parameters
        if route.body is not None:
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": mapping[(route.body, "validation")]}},
            }
        if route.answer is not None:
            operation["responses"][str(route.status)]["content"] = {
                "application/json": {"schema": mapping[(route.answer, "serialization")]}
            }
        if route.allow == "widget":
            operation["security"] = [{"visitor": []}]
        elif route.allow != "public":
            operation["security"] = [{"token": []}, {"cookie": []}]
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "visitor": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "frontline_session"},
            },
        },
    }


def _path_names(path: str) -> list[str]:
    return [part[1:-1].split(":")[0] for part in path.split("/") if part.startswith("{")]


def _operation_id(route: Route) -> str:
    words = [w.strip("{}").split(":")[0] for w in route.path.split("/") if w]
    return route.method.lower() + "_" + "_".join(words).replace("-", "_").replace(".", "_")
