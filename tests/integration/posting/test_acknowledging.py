"""What posting found stays until it is over or a person has looked; looking never hides what is still there."""

from __future__ import annotations

from typing import Any

import pytest

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.kill_points import NoKillPoints
from ledger_service.errors import Forbidden, NotFound
from ledger_service.journal.findings import FindingRow
from ledger_service.posting.loops import Poster
from ledger_service.services import findings
from ledger_service.services.ledger_state import BooksDiffer, refuse_when_books_differ
from tests.integration.posting.conftest import Place


class Office:
    """What the service needs of a context, over a town."""

    def __init__(self, place: Place) -> None:
        self.journal = place.town.journal
        self.clock = place.town.clock
        self.kill_points = NoKillPoints()
        self.actor = Actor(place.town.clerk, "office", frozenset({Role.OFFICE}), frozenset())

    def acknowledge(self, finding_id: int) -> dict[str, Any]:
        return findings.acknowledge(self, self.actor, None, finding_id, "looked at")  # type: ignore[arg-type]

    def open_ones(self) -> list[FindingRow]:
        with self.journal.read() as unit:
            return unit.findings.open_ones(50)

    def may_credit(self) -> bool:
        with self.journal.read() as unit:
            try:
                refuse_when_books_differ(unit)
            except BooksDiffer:
                return False
        return True


def settled(place: Place) -> Poster:
    place.town.found()
    poster = place.poster()
    poster.prepare()
    poster.run_until_quiet()
    return poster


def test_a_finding_outlives_the_process_and_ends_when_the_office_has_looked(place: Place) -> None:
    poster, office = settled(place), Office(place)
    poster.findings.add("reorg", "two batches were taken away")
    poster.findings.say("ready")
    assert not office.may_credit()
    again = place.poster()
    again.findings.say("ready")
    assert not office.may_credit()  # a restart is no cure
    (found,) = office.open_ones()
    assert office.acknowledge(found.id) == {"id": found.id, "subject": "reorg", "state": "acknowledged"}
    for one in (poster, again):
        one.findings.say("ready")
        assert one.findings.all() == {}
        assert office.may_credit()
    with pytest.raises(findings.NotOpen):
        office.acknowledge(found.id)
    with place.town.journal.read() as unit:
        acts = [row for row in unit.audit_log.unchained(1_000) if row.action == "acknowledge"]
    assert [(row.actor_id, row.subject) for row in acts] == [(place.town.clerk, f"finding {found.id}")]


def test_what_is_met_again_is_open_again(sqlite_place: Place) -> None:
    poster, office = settled(sqlite_place), Office(sqlite_place)
    poster.findings.add("sender", "the node does not take it")
    office.acknowledge(office.open_ones()[0].id)
    poster.findings.say("ready")
    poster.findings.add("sender", "the node does not take it")
    poster.findings.say("ready")
    assert not office.may_credit()
    poster.findings.clear("sender")
    assert office.open_ones() == []


def test_a_desk_that_is_stopped_cannot_be_acknowledged_away(sqlite_place: Place) -> None:
    poster, office = settled(sqlite_place), Office(sqlite_place)
    poster.findings.stop_desk(1, "another batch is on the chain")
    (found,) = office.open_ones()
    with pytest.raises(findings.StillThere, match="boram desk adopt 1"):
        office.acknowledge(found.id)
    poster.findings.say("ready")
    assert not office.may_credit()
    with sqlite_place.town.journal.write() as unit:
        unit.master.stop_desk(1, None)
        unit.commit()
    poster.findings.say("ready")
    assert office.may_credit()
    assert office.open_ones() == []


def test_batches_that_are_not_back_on_the_chain_cannot_be_acknowledged_away(sqlite_place: Place) -> None:
    poster, office = settled(sqlite_place), Office(sqlite_place)
    with sqlite_place.town.journal.write() as unit:
        gone = unit.posts.rewind(-1)
        unit.commit()
    assert gone
    poster.findings.add("reorg", "a reorg took them away")
    with pytest.raises(findings.StillThere, match="not on the chain again"):
        office.acknowledge(office.open_ones()[0].id)


def test_a_skip_is_a_notice_until_somebody_has_seen_it(sqlite_place: Place) -> None:
    poster, office = settled(sqlite_place), Office(sqlite_place)
    poster.findings.note_skips(1, 2, [(0, 1), (3, 2)])
    poster.findings.say("ready")
    assert office.may_credit()  # chain and books agree
    assert set(sqlite_place.poster().findings.all()) == {"skip 1/2/0", "skip 1/2/3"}
    for row in office.open_ones():
        office.acknowledge(row.id)
    poster.findings.say("ready")
    assert poster.findings.all() == {}


def test_only_the_coin_office_acknowledges(sqlite_place: Place) -> None:
    poster, office = settled(sqlite_place), Office(sqlite_place)
    poster.findings.add("reorg", "looked at by nobody")
    with pytest.raises(NotFound):
        office.acknowledge(10_000)
    office.actor = Actor(sqlite_place.town.clerk, "clerk", frozenset(Role) - {Role.OFFICE}, frozenset())
    with pytest.raises(Forbidden):
        office.acknowledge(office.open_ones()[0].id)
