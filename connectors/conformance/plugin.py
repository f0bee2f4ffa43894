"""The kit as a plugin of pytest: `--connector module:Class` runs every clause as a test of its own and prints a report.

It needs no test file and works in any folder. Where paths of tests are named as well, those run too. The rest of the
kit is imported when it is used: every run of pytest on a machine with the registry loads this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import pytest

if TYPE_CHECKING:
    from connectors.conformance.checking import Checking
    from connectors.conformance.clauses import Verdict

_PROPERTY: Final = "conformance"
_SECTOR: Final = "connector"
_POPULATION: Final = "population_connector"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("child-registry", "conformance of connectors")
    group.addoption("--connector", metavar="MODULE:CLASS", help="check this sector connector against its contract")
    group.addoption(
        "--population-connector", metavar="MODULE:CLASS", help="check this population connector against its contract"
    )
    group.addoption(
        "--connector-scenario",
        metavar="MODULE:FUNCTION",
        help="what makes the source to try it on; else `conformance` of its class or module",
    )
    group.addoption(
        "--connector-settings",
        metavar="FILE.toml",
        type=Path,
        help="settings of a real source; what needs no changes in it is tried there",
    )
    group.addoption("--connector-stream", metavar="NAME", help="the stream of the real source (its first one)")
    group.addoption(
        "--connector-report", metavar="FILE", type=Path, help="write the report here too: JSON if it ends so, or text"
    )
    group.addoption(
        "--connector-seconds", metavar="N", type=float, default=120.0, help="longest time of one clause (120)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Look at nothing but the connector, unless paths are named; refuse what cannot be checked."""
    named = [kind for kind in (_SECTOR, _POPULATION) if config.getoption(kind)]
    if len(named) > 1:
        raise pytest.UsageError("name either a sector connector or a population connector")
    if named and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add an item for each clause."""
    if config.getoption(_SECTOR) or config.getoption(_POPULATION):
        items.extend(_items(session, config))


def _items(session: pytest.Session, config: pytest.Config) -> Iterator[pytest.Item]:
    from connectors.conformance.choosing import checking_of
    from connectors.conformance.subject import NoSuchConnector

    try:
        checking = checking_of(
            sector=config.getoption(_SECTOR),
            population=config.getoption(_POPULATION),
            scenario=config.getoption("connector_scenario"),
            settings=config.getoption("connector_settings"),
            stream=config.getoption("connector_stream"),
            seconds=config.getoption("connector_seconds"),
        )
    except NoSuchConnector as refusal:
        raise pytest.UsageError(str(refusal)) from None
    name = str(config.getoption(_SECTOR) or config.getoption(_POPULATION))
    connector = _Connector.from_parent(session, name=name, nodeid=name)
    for clause in checking.clauses:
        yield _ClauseItem.from_parent(connector, name=clause, checking=checking)


class _Connector(pytest.Collector):
    """The connector under test, as the parent of its clauses."""

    def collect(self) -> list[pytest.Item]:
        """Collect nothing: the items are made when all others are known."""
        return []


class _ClauseItem(pytest.Item):
    """One clause of the contract."""

    def __init__(self, *, checking: Checking[Any], name: str, parent: pytest.Collector) -> None:
        super().__init__(name, parent)
        self._checking = checking

    def runtest(self) -> None:
        """Show the clause."""
        from connectors.conformance.clauses import Broken, Ending

        verdict = self._checking.verdict(self.name)
        self.user_properties.append((_PROPERTY, json.dumps(asdict(verdict), ensure_ascii=False)))
        if verdict.ending is Ending.BROKEN:
            raise Broken(verdict.said)
        if verdict.ending is Ending.NOT_SHOWN:
            pytest.skip(verdict.said)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """Return the counter-example alone: a traceback's variables may hold values."""
        del style
        return f"{self._checking.clauses[self.name].promise}\n→ {excinfo.value}"

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Return what the clause is called in reports."""
        return Path(str(self.parent.name if self.parent else "")), None, f"{self.name}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and write the report."""
    reports = [report for found in terminalreporter.stats.values() for report in found if _is_of_a_clause(report)]
    found = [
        _verdict(str(said))
        for report in sorted(reports, key=lambda report: report.start)
        for name, said in report.user_properties
        if name == _PROPERTY
    ]
    if not found:
        return
    from connectors.conformance import report

    name = str(config.getoption(_SECTOR) or config.getoption(_POPULATION))
    terminalreporter.section("conformance")
    for line in report.lines(name, found):
        terminalreporter.line(line)
    path: Path | None = config.getoption("connector_report")
    if path is not None:
        report.write(path, name, found)


def _is_of_a_clause(report: object) -> TypeGuard[pytest.TestReport]:
    return isinstance(report, pytest.TestReport) and report.when == "call"


def _verdict(said: str) -> Verdict:
    from connectors.conformance.clauses import Ending, Verdict

    told = json.loads(said)
    return Verdict(**(told | {"ending": Ending(told["ending"])}))
