"""The pages as one application: `pages(services)`, to be mounted at the root."""

from __future__ import annotations

from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from registry.actions.services import Services
from registry.protect.requests.request_guard import RequestGuard
from registry.web import (
    add_child,
    child,
    codes,
    duties,
    emergency,
    exports,
    family,
    find,
    findings,
    identity_provider,
    log,
    looks,
    population,
    problems,
    record_pairs,
    refusals,
    review,
    seal,
    sessions,
    sign_in,
    sources,
    tables,
    today,
)
from registry.web.translation import LANGUAGES

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
)
_PARTS: Final = (
    *(sign_in, identity_provider, codes, sessions),
    *(today, find, add_child, child, seal, emergency, review, record_pairs, exports, tables, log, looks),
    sources,
    *(findings, population, problems),
    *(family, duties),
)
_A_YEAR: Final = "public, max-age=31536000, immutable"


class _Sheets(StaticFiles):
    """Style sheets and images: nothing personal, and their address changes with them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with leave to keep it."""
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["Cache-Control"] = _A_YEAR
        return response


def pages(services: Services) -> FastAPI:
    """Return the application that serves the pages in both languages."""
    app = FastAPI(title="child-registry", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.add_middleware(
        RequestGuard,
        content_security_policy=CONTENT_SECURITY_POLICY,
        refusal=partial(refusals.bare_page, services),
        larger=_larger,
    )
    app.mount("/static", _Sheets(directory=Path(str(files("registry.web").joinpath("static")))), name="static")
    app.add_api_route("/", _first_page, include_in_schema=False)
    for language in LANGUAGES:
        for part in _PARTS:
            app.include_router(part.router, prefix=f"/{language}")
    refusals.install(app)
    return app


def _larger(path: str) -> int | None:
    """Return how large a body may be where files are taken in; None: as everywhere."""
    return problems.LARGEST if path.endswith(problems.UPLOAD) else None


def _first_page(request: Request) -> Response:
    services: Services = request.app.state.services
    return RedirectResponse(f"/{services.locale}/", status_code=303)
