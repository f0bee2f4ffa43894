"""The interface for systems as one application: `api(services)`, to be mounted under `/v1`."""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from registry.actions.services import Services
from registry.api import (
    adding,
    batches,
    bodies,
    children,
    emergencies,
    events,
    exports,
    fhir,
    identity_provider,
    looks,
    oauth,
    own_records,
    problems,
    record_pairs,
    reviews,
    seals,
    searches,
    session,
    subscriptions,
    tables,
)
from registry.api.caller import Calling
from registry.api.problems import Differing, Problem, Wrong
from registry.protect.requests.request_guard import RequestGuard

_PARTS: Final = (
    *(session, identity_provider, oauth),
    *(searches, children, looks, seals, adding, emergencies, reviews, record_pairs, exports, tables),
    *(batches, own_records, events, subscriptions),
    fhir,
)
VERSION: Final = "1"
PREFIX: Final = "/v1"
CONTENT_SECURITY_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Health(BaseModel):
    """Whether the registry works."""

    status: Literal["ok"]


def api(services: Services) -> FastAPI:
    """Return the application that serves systems."""
    app = FastAPI(
        title="child-registry",
        version=VERSION,
        description="Children, found and opened for a purpose; pairs to review; tables that may be published.",
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        docs_url=None,  # the browsable description would need scripts from elsewhere
        redoc_url=None,
    )
    app.state.services = services
    app.add_middleware(RequestGuard, content_security_policy=CONTENT_SECURITY_POLICY, larger=bodies.largest)
    for part in _PARTS:
        app.include_router(part.router)
    app.add_api_route(
        "/health", _health, summary="Whether the registry works", tags=["health"], responses=problems.problems()
    )
    problems.install(app)
    app.openapi = lambda: _description(app)  # type: ignore[method-assign]  # the documented way to extend it
    return app


def _health(made: Calling) -> Health:
    """Ask the database; 503 when it does not answer."""
    made.services.store.answers()
    return Health(status="ok")


def _description(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, with the form of refusals in the place of the framework's own."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
        )
        schemas = document["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for model in (Problem, Wrong, Differing):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schema.pop("$defs", None)
            schemas[model.__name__] = schema
        app.openapi_schema = document
    return app.openapi_schema
