"""A commune with a girl, a boy and some of the village, and the searches of a worker in it."""

from __future__ import annotations

from typing import Any

from registry.actions.finding.find_child import FindAnswer, FindQuery, Found, find_child
from registry.jobs.opening import Installation
from registry.model.access import Access
from tests.people import (
    numbered,
    record,
    village,
)
from tests.registry.actions.installed import (
    deliver,
    worker,
)

NAME = "Nguyễn Thị Ngọc Hoà"
BOY: dict[str, Any] = {"name": "Phạm Gia Bảo", "sex": "Nam", "birth_date": "11/11/2015", "personal_number": None}
STRANGERS: dict[str, Any] = {"mother": "Trịnh Thị Thơm", "father": "Phạm Văn Long"}


def fill(installed: Installation) -> None:
    """Bring in the girl, a boy, and some of the village."""
    others = [
        record(
            f"EDU1{place:03d}",
            name=person.full_name,
            sex="Nam",
            birth_date=person.birth_date,
            personal_number=None,
            mother=person.mother_name,
            father=None,
        )
        for place, person in enumerate(village()[:20])
    ]
    rows = [record("EDU0001", name=NAME), record("EDU0002", **BOY, **STRANGERS), *others]
    deliver(installed, numbered(rows))


def find(installed: Installation, text: str, *, access: Access | None = None, **more: Any) -> FindAnswer:
    """Search as the worker of the commune, or as somebody else."""
    with installed.store.begin(access or worker(installed)) as transaction:
        return find_child(transaction, installed.vault, FindQuery(text=text, **more))


def names(answer: FindAnswer) -> list[str]:
    """Return the names found, best first."""
    return [found.name for found in answer.found]


def only(answer: FindAnswer) -> Found:
    """Return the one child found."""
    (found,) = answer.found
    return found
