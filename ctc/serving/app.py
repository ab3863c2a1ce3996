"""The application: which path leads where, and what becomes of what goes wrong."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ctc.errors import CtcError
from ctc.serving.http.errors import INTERNAL_SERVER_ERROR, NOT_FOUND, ApiError
from ctc.serving.http.middleware import BearerAuthMiddleware, ShutdownMiddleware
from ctc.serving.http.request_log import RequestLogMiddleware
from ctc.serving.http.responses import error_response
from ctc.serving.routes.ui import PageRoutes
from ctc.serving.routes.v1 import V1Routes
from ctc.serving.routes.v2 import V2Routes
from ctc.serving.service import Service

log = logging.getLogger(__name__)


class _ModelNameConvertor(StringConvertor):
    """A part of a path without the colon that begins a verb."""

    regex = "[^/:]+"


register_url_convertor("model", _ModelNameConvertor())


def create_app(service: Service) -> Starlette:
    """The ASGI application of a service, which runs while the application does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with service.lifespan():
            yield

    page, v1, v2 = PageRoutes(service), V1Routes(service), V2Routes(service)
    routes = [
        Route("/", page.index),
        Route("/docs", page.docs),
        Route("/openapi.json", page.openapi),
        Route("/assets/{file}", page.asset),
        Route("/healthz", page.health),
        Route("/readyz", page.health),
        Route("/metrics", page.metrics),
        Route("/v1/models", v1.models),
        Route("/v1/models/{name:model}", v1.status),
        Route("/v1/models/{name:model}/metadata", v1.metadata),
        Route("/v1/models/{name:model}:predict", v1.predict, methods=["POST"]),
        Route("/v1/models/{name:model}:events", v1.events, methods=["POST"]),
        Route("/v2", v2.server),
        Route("/v2/health/live", v2.live),
        Route("/v2/health/ready", v2.live),
        Route("/v2/models/{name:model}", v2.metadata),
        Route("/v2/models/{name:model}/ready", v2.ready),
        Route("/v2/models/{name:model}/infer", v2.infer, methods=["POST"]),
    ]
    middleware = [
        Middleware(RequestLogMiddleware, metrics=service.metrics),
        Middleware(ShutdownMiddleware),
    ]
    if service.config.token:
        middleware.append(Middleware(BearerAuthMiddleware, token=service.config.token))
    app = Starlette(
        routes=routes, middleware=middleware, exception_handlers=_HANDLERS, lifespan=lifespan
    )
    app.router.redirect_slashes = False
    return app


def _handle_api_error(request: Request, error: ApiError) -> Response:
    return error_response(request.scope, error)


def _handle_http_exception(request: Request, error: HTTPException) -> Response:
    path = request.url.path
    missing = error.status_code == NOT_FOUND
    message = (
        f"there is nothing at '{path}'" if missing else f"'{path}' does not take {request.method}"
    )
    return error_response(
        request.scope, ApiError(error.status_code, f"{message}: see /docs", error.headers)
    )


def _handle_ctc_error(request: Request, error: CtcError) -> Response:
    """The network, or an aggregation: nothing that the client could mend, and the message may hold
    paths."""
    log.error("%s", error)
    return error_response(
        request.scope,
        ApiError(INTERNAL_SERVER_ERROR, "the model can't be run: the server's log says why"),
    )


def _handle_unexpected_error(request: Request, error: Exception) -> Response:
    return error_response(
        request.scope,
        ApiError(INTERNAL_SERVER_ERROR, "something is wrong with this server: its log says what"),
    )


_HANDLERS: Mapping[Any, Callable[[Request, Any], Response]] = {
    ApiError: _handle_api_error,
    HTTPException: _handle_http_exception,
    CtcError: _handle_ctc_error,
    Exception: _handle_unexpected_error,
}
