"""The ASGI application of a review: routes, middleware and error handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from ctc.review.app.reviewers import ReviewerMiddleware
from ctc.review.app.routes.answers import AnswerRoutes
from ctc.review.app.routes.events import EventRoutes
from ctc.review.app.routes.page import PageRoutes
from ctc.review.app.routes.photos import PhotoRoutes
from ctc.review.app.service import ReviewService
from ctc.serving.http.error_handlers import error_handlers
from ctc.serving.http.host_check import HostMiddleware
from ctc.serving.http.middleware import ShutdownMiddleware
from ctc.serving.http.request_log import RequestLogMiddleware


def create_app(
    service: ReviewService, is_stopping: Callable[[], bool] = lambda: False
) -> Starlette:
    """Return the ASGI application of a review; `is_stopping`: whether the server is to stop."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with service.lifespan():
            yield

    app = Starlette(
        routes=_routes(service),
        middleware=[
            Middleware(RequestLogMiddleware, metrics=service.metrics),
            Middleware(ShutdownMiddleware, is_stopping=is_stopping),
            Middleware(HostMiddleware, names=service.config.allowed_hosts),
            Middleware(ReviewerMiddleware, find=service.find_reviewer),
        ],
        exception_handlers=error_handlers(),
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


def _routes(service: ReviewService) -> list[Route]:
    page, photos = PageRoutes(service), PhotoRoutes(service)
    events, answers = EventRoutes(service), AnswerRoutes(service)
    return [
        Route("/", page.index),
        Route("/assets/{file}", page.asset),
        Route("/healthz", page.health),
        Route("/readyz", page.health),
        Route("/metrics", page.metrics),
        Route("/api/session", events.session),
        Route("/api/queues", events.queues),
        Route("/api/events", events.page),
        Route("/api/group/{key}", events.group),
        Route("/api/summary", events.progress),
        Route("/api/proof", events.proof),
        Route("/api/photo/{key}/{n:int}", photos.photo),
        Route("/api/answers", answers.answer, methods=["POST"]),
        Route("/api/undo", answers.undo, methods=["POST"]),
        Route("/api/redo", answers.redo, methods=["POST"]),
        Route("/api/classes", answers.add_class, methods=["POST"]),
        Route("/api/lease", answers.lease, methods=["POST"]),
        Route("/api/release", answers.release, methods=["POST"]),
    ]
