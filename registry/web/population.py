"""How the links stand and what waits to be asked of the population database: for whoever watches over it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from registry.actions.population.overview import overview
from registry.model.access import Purpose
from registry.web import population_words
from registry.web.rendering import render
from registry.web.visitor import Member

router = APIRouter()


@router.get("/population")
def show(visitor: Member) -> Response:
    """Show what stands and what waits."""
    asked = visitor.services.population
    with visitor.begin(Purpose.VERIFICATION) as transaction:
        found = overview(transaction, asked.terms, connector=asked.connector)
    return render(visitor, "population.html", found=found, said=population_words)
