"""The explorer as a FastAPI app, inside Airflow and alone."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.middleware import Middleware

import synthprof
from synthprof.explorer.server import api, derived, pages
from synthprof.explorer.server.access import Access, AccessMiddleware
from synthprof.explorer.server.middleware import BodyLimitMiddleware, HeadersMiddleware
from synthprof.explorer.server.process import Worker


def make_app(home: Path, access: Access, service: Callable[[], dict[str, str]] = dict) -> FastAPI:
    """Return the explorer over the data root `home`, for the callers that `access` admits.

    service: returns the environment variables that name the embedding service, if it is configured elsewhere.
    """
    worker = Worker(home, service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        worker.close()

    app = FastAPI(
        title="synthprof explorer",
        description="Published data sets: versions, statistics, clusters, and search by text or by example.",
        version=synthprof.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        middleware=[
            Middleware(HeadersMiddleware),
            Middleware(AccessMiddleware, access=access),
            Middleware(BodyLimitMiddleware),
        ],
    )
    app.state.worker, app.state.access, app.state.home = worker, access, home
    app.include_router(api.router)
    app.include_router(derived.router)
    app.include_router(pages.router)
    app.add_exception_handler(RequestValidationError, _refuse)
    return app


async def _refuse(_: Request, error: Exception) -> Response:
    """Return a refusal of the first invalid value: parameter, value and rule in one sentence."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    first = errors[0] if errors else {"loc": ("request",), "msg": str(error)}
    place = ".".join(str(part) for part in first["loc"][1:]) or "request"
    given = str(first.get("input", ""))[:80]
    return JSONResponse({"detail": f"{place}={given!r}: {first['msg']}"}, 422)
