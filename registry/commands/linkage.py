"""Commands for the linkage: match, replay a model and adopt it, learn from reviews, list what waits for a person."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from matching.learning import Learned
from matching.model_files import write_model
from registry.actions.linkage.adopt_model import read_model
from registry.actions.linkage.list_reviews import PAGE, ReviewPage, review_page
from registry.commands.console import (
    AsJson,
    Bars,
    Data,
    Login,
    answer,
    opened,
    operator,
    out,
    private_csv,
    table,
)
from registry.commands.people import As, access_of
from registry.jobs import linking, replay
from registry.jobs.identity import permit
from registry.jobs.replay import ReplayAccount
from registry.model.access import Purpose
from registry.model.errors import BadQuery
from registry.protect.authorize import Action

MODELS = "the name of a shipped model, or the path of a TOML file"


def match(
    *,
    since: Annotated[UUID | None, typer.Option(help="Only records that came since this run began.")] = None,
    replay_model: Annotated[
        str | None, typer.Option("--replay", metavar="MODEL", help=f"Compare a model with what stands; {MODELS}.")
    ] = None,
    diff: Annotated[Path | None, typer.Option(help="With --replay: the CSV file of the differences.")] = None,
    adopt: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Let the following runs compare by a replayed model.")
    ] = None,
    learn: Annotated[bool, typer.Option("--learn", help="Learn a model from what reviewers decided.")] = False,
    out_file: Annotated[Path | None, typer.Option("--out", help="With --learn: the TOML file of the model.")] = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Link all records to the population extract: link, review or none, with evidence.

    A changed model is first replayed (--replay MODEL --diff FILE), then adopted (--adopt MODEL), then used by the next
    run.
    """
    _check(since=since, replayed=replay_model, diff=diff, adopted=adopt, learned=learn, written=out_file)
    named = replay_model if replay_model is not None else adopt
    chosen = None if named is None else read_model(named)
    with opened(data) as installed, Bars(quiet=json) as bars:
        staff_id = permit(installed, operator(login), Action.LINK, Purpose.LINKAGE)
        if chosen is not None and diff is not None:
            sheet = partial(private_csv, diff, replay.COLUMNS)
            told = replay.replay_all(installed, chosen, sheet=sheet, since=since, progress=bars.step("replaying"))
            _tell_replay(told, diff, json=json)
        elif chosen is not None:
            replay.adopt(installed, chosen, by=staff_id)
            _tell_adopted(chosen.model.version, json=json)
        elif learn and out_file is not None:
            learned, others = replay.learn(installed)
            write_model(learned.model, out_file)
            _tell_learned(learned, others, out_file, json=json)
        else:
            _tell_linked(linking.link_all(installed, since=since, progress=bars.step("linking")), json=json)


def _check(
    *,
    since: UUID | None,
    replayed: str | None,
    diff: Path | None,
    adopted: str | None,
    learned: bool,
    written: Path | None,
) -> None:
    """Refuse options that do not go together."""
    if (replayed is not None) + (adopted is not None) + learned > 1:
        raise BadQuery("match", "one of --replay, --adopt and --learn at a time")
    if (replayed is None) != (diff is None):
        raise BadQuery("diff", "--replay MODEL and --diff FILE go together")
    if learned != (written is not None):
        raise BadQuery("out", "--learn and --out MODEL.toml go together")
    if since is not None and (adopted is not None or learned):
        raise BadQuery("since", "goes with a run and with --replay only")
    if written is not None and written.suffix != ".toml":
        raise BadQuery("out", "must end in .toml")


def _tell_linked(account: linking.LinkAccount, *, json: bool) -> None:
    if json:
        answer(
            {
                "run": account.run_id,
                "matched": account.matched,
                "standing": account.standing,
                "clusters": account.clusters,
            }
        )
        return
    decisions = [(name, account.matched.get(name, 0), number) for name, number in account.standing.items()]
    table("Links", ("decision", "this run", "altogether"), decisions)
    table("Records without a citizen that are one child", ("what", "number"), account.clusters.items())
    out.print(f"run {account.run_id}")


def _tell_replay(account: ReplayAccount, diff: Path, *, json: bool) -> None:
    moves = [(before, after, number) for (before, after), number in sorted(account.moves.items())]
    if json:
        answer(
            {
                "replay": account.replay_id,
                "model": account.model_version,
                "compared": account.compared,
                "changed": account.changed,
                "citizens_changed": account.citizens,
                "passed_over": account.passed_over,
                "moves": [{"from": before, "to": after, "identities": number} for before, after, number in moves],
                "diff": str(diff),
            }
        )
        return
    table(f"Model {account.model_version} against what stands", ("from", "to", "identities"), moves)
    out.print(
        f"{account.compared} compared, {account.changed} would change, {account.citizens} of them to another citizen;"
        f" {account.passed_over} new or newer records are left to the next run",
        soft_wrap=True,
    )
    out.print(f"differences written to {diff}", soft_wrap=True)


def _tell_adopted(version: str, *, json: bool) -> None:
    if json:
        answer({"adopted": version})
    else:
        out.print(f"version {version} is adopted; `child-registry match` decides by it from now on")


def _tell_learned(learned: Learned, others: int, path: Path, *, json: bool) -> None:
    document: dict[str, Any] = {
        "model": learned.model.version,
        "file": str(path),
        "same": learned.same,
        "different": learned.different,
        "decided_under_other_models": others,
        "surprise_bits_before": round(learned.loss_before, 4),
        "surprise_bits_after": round(learned.loss_after, 4),
        "non_matches_found_over_expected": round(learned.mixture, 3),
    }
    bands = [
        (f"{one.above:g} to {one.up_to:g}", one.pairs, *(round(x, 3) for x in (one.stated, one.learned, one.observed)))
        for one in learned.bands
    ]
    columns = ("posterior", "pairs", "stated", "learned", "observed")
    if json:
        answer({**document, "bands": [dict(zip(columns, band, strict=True)) for band in bands]})
        return
    table("Learned from reviews", ("what", "value"), document.items())
    table("Reviewed pairs by what the model had stated", columns, bands)


def reviews(
    *,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = PAGE,
    after: Annotated[str | None, typer.Option(help="Go on after a page: what it said under 'next'.")] = None,
    as_user: As = None,
    login: Login = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """List the records of your area that wait for a person, those whose decision tells most first."""
    with opened(data) as installed:
        access = access_of(installed, as_user, login, Purpose.REVIEW)
        with installed.store.begin(access) as transaction:
            page = review_page(transaction, after=after, limit=limit)
    _tell_page(page, json=json)


def _tell_page(page: ReviewPage, *, json: bool) -> None:
    rows = [(one.child_id, one.system, f"{one.information:.3f}", one.unsure) for one in page.items]
    columns = ("child_id", "system", "information", "unsure")
    if json:
        items = [
            {"child_id": one.child_id, "system": one.system, "information": one.information, "unsure": one.unsure}
            for one in page.items
        ]
        answer({"waiting": items, "next": page.next})
        return
    table("Waiting for a person", columns, rows)
    if page.next is not None:
        out.print(f"next {page.next}", soft_wrap=True)
