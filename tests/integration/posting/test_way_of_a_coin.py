"""From accepted to final, and back: on the real contract, a real anvil, SQLite and PostgreSQL."""

from __future__ import annotations

from tests.integration.posting.conftest import Place


def test_credits_become_final_and_spendable(place: Place) -> None:
    people = place.town.found()
    poster = place.poster()
    poster.prepare()
    place.town.credit(1, people)
    poster.run_until_quiet()
    assert place.town.available(people) == [10] * len(people)
    assert poster.findings.all() == {}
    slots = poster.chain.contract.slots_of([person.account for person in people], "latest")
    assert [slot.coins for slot in slots] == [10] * len(people)
