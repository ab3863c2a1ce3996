"""The ASGI application: routes, middleware and error handlers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ctc.errors import CtcError
from ctc.serving.http.error_handlers import ErrorHandlers, error_handlers
from ctc.serving.http.errors import ApiError
from ctc.serving.http.host_check import HostMiddleware
from ctc.serving.http.middleware import BearerAuthMiddleware, ShutdownMiddleware
from ctc.serving.http.query import Endpoint, QueryChoices, with_query
from ctc.serving.http.request_log import RequestLogMiddleware
from ctc.serving.http.responses import error_response
from ctc.serving.routes.ui import PageRoutes
from ctc.serving.routes.v1 import QUERY_CHOICES, V1Routes
from ctc.serving.routes.v2 import V2Routes
from ctc.serving.service import Service

log = logging.getLogger(__name__)


class _ModelNameConvertor(StringConvertor):
    """A path segment up to the colon of a verb such as `:predict`."""

    regex = "[^/:]+"


register_url_convertor("model", _ModelNameConvertor())


def create_app(service: Service, is_stopping: Callable[[], bool] = lambda: False) -> Starlette:
    """Return the ASGI application of a service, whose lifespan is that of the application.

    `is_stopping`: whether the server has been asked to stop.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with service.lifespan():
            yield

    middleware = [
        Middleware(RequestLogMiddleware, metrics=service.metrics),
        Middleware(ShutdownMiddleware, is_stopping=is_stopping),
        Middleware(HostMiddleware, names=service.config.allowed_hosts),
    ]
    if service.config.token:
        middleware.append(Middleware(BearerAuthMiddleware, token=service.config.token))
    hint = ": see /docs"
    handlers: ErrorHandlers = {**error_handlers(hint), CtcError: _handle_ctc_error}
    app = Starlette(
        routes=_routes(service),
        middleware=middleware,
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _routes(service: Service) -> list[Route]:
    page, v1, v2 = PageRoutes(service), V1Routes(service), V2Routes(service)
    return [
        Route("/", page.index),
        Route("/docs", page.docs),
        Route("/openapi.json", page.openapi),
        Route("/assets/{file}", page.asset),
        Route("/healthz", page.health),
        Route("/readyz", page.health),
        Route("/metrics", page.metrics),
        Route("/v2/health/live", v2.live),
        Route("/v2/health/ready", v2.live),
        Route("/v1/models", with_query(v1.models)),
        Route("/v2", with_query(v2.server)),
        *_model_routes("/v1", {"": v1.status, "/metadata": v1.metadata}),
        *_model_routes("/v1", {":events": v1.events, ":corrections": v1.corrections}, "POST"),
        *_model_routes("/v1", {":predict": v1.predict}, "POST", QUERY_CHOICES),
        *_model_routes("/v2", {"": v2.metadata, "/ready": v2.ready}),
        *_model_routes("/v2", {"/infer": v2.infer}, "POST"),
    ]


def _model_routes(
    protocol: str,
    endpoints: Mapping[str, Endpoint],
    method: str = "GET",
    choices: QueryChoices | None = None,
) -> list[Route]:
    """Return the routes of a model by the end of their path, without and with its version.

    `choices`: see `with_query`.
    """
    return [
        Route(
            f"{protocol}/models/{{name:model}}{version}{end}",
            with_query(endpoint, choices),
            methods=[method],
        )
        for version in ("", "/versions/{version:model}")
        for end, endpoint in endpoints.items()
    ]


def _handle_ctc_error(request: Request, error: CtcError) -> Response:
    """Log an error of the network or an aggregation.

    The client can't fix it, and the message may hold paths of the server.
    """
    log.error("%s", error)
    return error_response(
        request.scope,
        ApiError(
            HTTPStatus.INTERNAL_SERVER_ERROR, "the model can't be run: see the log of the server"
        ),
    )
