"""Takes in a feed of patients: checked as a whole, then stored like any delivery; a feed is stored whole or not at all.

Every patient needs an identifier of a list that the sender assigns. A source may say that two of its own records are
one; about the records of others it has no word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from connectors.contract import FileFormat
from connectors.formats.fhir import FhirRefused
from connectors.formats.fhir_child import ChildDocument, facts_of, other_identifiers, roles_of, services_of
from connectors.formats.fhir_domains import IdentityDomain
from connectors.formats.fhir_feed import Feed, FeedEntry, LooseImmunization, merge_doses, reference_identifier
from connectors.formats.fhir_parts import Resource, best_name, identifiers, listed, part, text
from connectors.formats.stamps import read_iso_stamp
from connectors.records import Operation, SourceRecord
from connectors.sectors.rows import RowRefused, checked_key
from registry.actions.fhir.own_patients import OwnPatient, by_id, by_identifier
from registry.actions.fhir.scope import SourceScope
from registry.actions.intake.handwritten import day_of
from registry.actions.intake.ingest import ingest_batch
from registry.actions.intake.normalise import RuleBroken, check_texts, identity_of
from registry.actions.keys.sealing import Vault
from registry.protect.authorize import Action, authorize
from registry.protect.canonical import compact_json
from registry.store import runs, sources
from registry.store.runs import IngestRun
from registry.store.session import Transaction

MAPPING_VERSION: Final = 1
_MENTIONED: Final = frozenset({"usual", "secondary", "old", "temp"})  # uses by which nothing is assigned


class FeedRefused(FhirRefused):
    """A feed breaks a rule; `about` is the address of a list of identifiers, where the rule is about one."""

    def __init__(self, rule: str, path: str, *, about: str | None = None, forbidden: bool = False) -> None:
        super().__init__(rule, path)
        self.about = about
        self.forbidden = forbidden  # it is not the sender's to say


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one patient."""

    child_id: UUID
    created: bool
    merged: bool = False  # another record stands for it now


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    domain: IdentityDomain
    value: str = field(repr=False)
    child: ChildDocument = field(repr=False)
    version_at: datetime | None
    operation: Operation = Operation.UPSERT
    created: bool = False


def take_in(transaction: Transaction, vault: Vault, feed: Feed, *, scope: SourceScope) -> list[Taken]:
    """Store what a feed says, in the caller's transaction; return what became of each patient, in its order.

    Raises:
        FeedRefused: it breaks a rule; nothing is stored.
        Refused: the access may not take in deliveries.
    """
    authorize(transaction.access, Action.INGEST)
    sources.lock_system(transaction, scope.system)
    plan = _Plan(transaction, vault, scope)
    for entry in feed.entries:
        plan.add(entry)
    for dose in feed.loose:
        plan.add_dose(dose)
    records = [_record(planned, scope, row) for row, planned in enumerate(plan.planned, start=1)]
    for record in records:
        _check(transaction, record)
    _ingest(transaction, vault, scope, records)
    return plan.taken()


class _Plan:
    """What is to be written, patient by patient; later ones of a feed see the earlier ones."""

    def __init__(self, transaction: Transaction, vault: Vault, scope: SourceScope) -> None:
        self.planned: list[_Planned] = []
        self._transaction = transaction
        self._vault = vault
        self._scope = scope
        self._shown: list[tuple[_Planned, bool]] = []

    def add(self, entry: FeedEntry) -> None:
        """Plan one patient of the feed."""
        domain, value = self._own(entry.child.patient)
        before = self._before(domain, value)
        version_at = self._version_at(entry.child.patient)
        if entry.merged_into is not None:
            self._merge(entry, (domain, value), before=before, version_at=version_at)
            return
        _check_demographics(entry.child)
        child = self._with_mother(entry.child)
        if before is not None:
            kept = merge_doses(before.child.immunizations, child.immunizations)
            child = replace(child, immunizations=kept, replaced=before.child.replaced)
        planned = _Planned(domain=domain, value=value, child=child, version_at=version_at, created=before is None)
        self._plan(planned, merged=False)

    def add_dose(self, dose: LooseImmunization) -> None:
        """Plan a dose of a child who is known already."""
        named = self._scope.domains.named(dose.system)
        if named is None or not self._scope.owns(named):
            raise FeedRefused("reference_broken", "Immunization.patient")
        before = self._before(named, dose.value)
        if before is None:
            raise FeedRefused("reference_broken", "Immunization.patient")
        doses = merge_doses(before.child.immunizations, (dose.immunization,))
        planned = _Planned(
            domain=named,
            value=dose.value,
            child=replace(before.child, immunizations=doses),
            version_at=self._transaction.access.at,
        )
        self._plan(planned, merged=False)

    def taken(self) -> list[Taken]:
        """Return what became of each patient, once all is stored."""
        found = []
        for planned, merged in self._shown:
            indexes = self._vault.source_key_indexes(self._scope.system, planned.domain.stream or "", planned.value)
            states = sources.states(self._transaction, indexes)
            child_id = next(iter(states.values())).child_id
            found.append(Taken(child_id=child_id, created=planned.created, merged=merged))
        return found

    def _plan(self, planned: _Planned, *, merged: bool) -> None:
        self.planned.append(planned)
        self._shown.append((planned, merged))

    def _merge(
        self,
        entry: FeedEntry,
        own: tuple[IdentityDomain, str],
        *,
        before: OwnPatient | None,
        version_at: datetime | None,
    ) -> None:
        """Plan that another record of the same sender stands for this one."""
        survivor = self._survivor(entry.merged_into or {})
        domain, value = survivor
        standing = self._before(domain, value)
        if standing is None or survivor == own:
            raise FeedRefused("merge_target_missing", "Patient.link.other")
        replaced = (*standing.child.replaced, (own[0].url, own[1]), *(before.child.replaced if before else ()))
        child = replace(standing.child, replaced=tuple(dict.fromkeys(replaced)))
        at = self._transaction.access.at
        self.planned.append(_Planned(domain=domain, value=value, child=child, version_at=at))
        self._plan(
            _Planned(
                domain=own[0],
                value=own[1],
                child=entry.child,
                version_at=version_at,
                operation=Operation.DELETE,
                created=before is None,
            ),
            merged=True,
        )

    def _survivor(self, reference: Resource) -> tuple[IdentityDomain, str]:
        """Return list and value of the record that is to stand for another.

        Raises:
            FeedRefused: it is not the sender's.
        """
        named = reference_identifier(reference)
        if named is None:
            _, _, logical = (text(reference.get("reference")) or "").rpartition("Patient/")
            own = by_id(self._transaction, self._vault, logical, scope=self._scope)
            named = own.own_identifier(self._scope) if own is not None else None
        if named is None:
            raise FeedRefused("merge_target_missing", "Patient.link.other")
        domain = self._scope.domains.named(named[0])
        if domain is None or not self._scope.owns(domain):
            raise FeedRefused("merge_not_yours", "Patient.link.other", forbidden=True)
        return domain, named[1]

    def _own(self, patient: Resource) -> tuple[IdentityDomain, str]:
        """Return list and value of the identifier under which the sender keeps a patient.

        Raises:
            FeedRefused: an identifier has no list, is of an unknown one, or assigned by somebody else; or none is
                the sender's own.
        """
        own: list[tuple[IdentityDomain, str]] = []
        for place, identifier in enumerate(listed(patient, "identifier")):
            path = f"Patient.identifier[{place}]"
            if not text(identifier.get("system")) or not text(identifier.get("value")):
                raise FeedRefused("identifier_incomplete", path)
        for system, value, use in identifiers(patient):
            domain = self._scope.domains.named(system)
            if domain is None:
                raise FeedRefused("identifier_domain_unknown", "Patient.identifier.system", about=system)
            if self._scope.owns(domain):
                own.append((domain, value))
            elif domain.system is not None and use not in _MENTIONED:
                raise FeedRefused("assigner_not_owner", "Patient.identifier.system", about=domain.url, forbidden=True)
        if not own:
            raise FeedRefused("own_identifier_missing", "Patient.identifier")
        return own[0]

    def _before(self, domain: IdentityDomain, value: str) -> OwnPatient | None:
        """Return what stands of a record, as this feed has left it so far."""
        for planned in reversed(self.planned):
            if (planned.domain, planned.value) == (domain, value):
                return OwnPatient.planned(planned.child, stream=domain.stream or "")
        found = by_identifier(self._transaction, self._vault, domain, value, scope=self._scope, own_only=True)
        return found[0] if found else None

    def _with_mother(self, child: ChildDocument) -> ChildDocument:
        """Return a child with her mother's name, where she is known to the sender by the identifier that is given."""
        related = tuple(self._named(child, one) if "MTH" in roles_of(one) else one for one in child.related)
        return replace(child, related=related)

    def _named(self, child: ChildDocument, related: Resource) -> Resource:
        if best_name(related) is not None or any(best_name(one) for one in child.guardians):
            return related
        for system, value, _ in identifiers(related):
            domain = self._scope.domains.named(system)
            mother = self._before(domain, value) if domain is not None and self._scope.owns(domain) else None
            if mother is not None:
                known = {name: mother.child.patient.get(name) for name in ("name", "birthDate", "gender")}
                return {**{name: value for name, value in known.items() if value}, **related}
        return related

    def _version_at(self, patient: Resource) -> datetime:
        written = text(part(patient, "meta").get("lastUpdated"))
        if written is None:
            return self._transaction.access.at
        stamp = read_iso_stamp(written)
        if stamp is None:
            raise FeedRefused("stamp_broken", "Patient.meta.lastUpdated")
        return stamp


def _check_demographics(child: ChildDocument) -> None:
    """Refuse a patient of whom nothing is known: a newborn has at least a birth date, and a sex or a mother."""
    patient = child.patient
    if best_name(patient) is not None:
        return
    if not text(patient.get("birthDate")) or not (text(patient.get("gender")) or child.related):
        raise FeedRefused("demographics_missing", "Patient.name")


def _record(planned: _Planned, scope: SourceScope, row: int) -> SourceRecord:
    own = (planned.domain.url, planned.value)
    try:
        key = checked_key(planned.value, "Patient.identifier.value")
    except RowRefused as refusal:
        raise FeedRefused(refusal.rule, refusal.field or "Patient.identifier.value") from None
    gone = planned.operation is Operation.DELETE
    written = planned.child.to_json() | ({"merged": True} if gone else {})
    return SourceRecord(
        system=scope.system,
        stream=planned.domain.stream or "",
        key=key,
        row=row,
        operation=planned.operation,
        version_at=planned.version_at,
        facts=facts_of(planned.child, scope.domains),
        services={} if gone else services_of(planned.child, scope.domains),
        written=written,
        identifiers=() if gone else other_identifiers(planned.child, scope.domains, but=own),
        raw=compact_json(written),
    )


def _check(transaction: Transaction, record: SourceRecord) -> None:
    """Refuse what the registry would put into quarantine: whoever feeds by messages is told at once."""
    if record.operation is Operation.DELETE:
        return
    try:
        identity_of(record.facts, on=day_of(transaction))
        check_texts(_texts(record))
    except RuleBroken as broken:
        raise FeedRefused(broken.rule, broken.field) from None


def _texts(record: SourceRecord) -> Iterator[tuple[str, str]]:
    yield from ((name, value) for name, value in record.services.items() if isinstance(value, str))
    yield from (("identifier", value) for _, value in record.identifiers)


def _ingest(transaction: Transaction, vault: Vault, scope: SourceScope, records: Sequence[SourceRecord]) -> None:
    for stream in sorted({record.stream for record in records}):
        rows = [record for record in records if record.stream == stream]
        form = FileFormat(
            system=scope.system,
            stream=stream,
            file_name="by message",
            required_columns=(),
            mapping_version=MAPPING_VERSION,
        )
        wanted = IngestRun(
            run_id=uuid4(),
            system=scope.system,
            stream=f"{stream}/fhir",  # a delivery that is being read meanwhile keeps its own run
            file_digest=vault.index.bytes_digest(b"".join(record.raw for record in rows)),
            mapping_version=MAPPING_VERSION,
            rows_done=0,
        )
        run = runs.open_ingest(transaction, wanted, encodings={}, started_at=transaction.access.at)
        elements = list(enumerate(rows))
        ingest_batch(transaction, vault, elements, file_format=form, run_id=run.run_id, today=day_of(transaction))
        runs.close_ingest(transaction, run.run_id, at=transaction.access.at)
