"""The fault harness's own parts: its schedule is data of a seed, and its model finds what is lost, doubled or wrong."""

from __future__ import annotations

from scripts.faults.classes import CLASSES, FAULTS, PROFILES
from scripts.faults.model import REDEEM, Model, Slots
from scripts.faults.schedule import make_schedule

KINDS = {1: "credit", 2: "redeem"}


def test_a_seed_is_a_schedule() -> None:
    for profile in PROFILES.values():
        assert make_schedule(7, profile, CLASSES) == make_schedule(7, profile, CLASSES)
    short = PROFILES["short"]
    assert make_schedule(7, short, CLASSES) != make_schedule(8, short, CLASSES)


def test_the_short_profile_plays_every_class_and_breaks_enough() -> None:
    rounds = make_schedule(1, PROFILES["short"], CLASSES)
    assert {one.fault for one in rounds} == set(FAULTS)
    strikes = {one.fault: len(one.events) for one in rounds}
    assert strikes["kill"] + strikes["point"] + strikes["chain"] + strikes["kill+reorg"] + strikes["postgres"] >= 60
    assert strikes["reorg"] + strikes["kill+reorg"] >= 25


def line(journal_no: int, kind: int, units: int) -> dict[str, object]:
    return {"type": "entry", "journal_no": journal_no, "kind": kind, "units": units}


def test_the_model_finds_what_is_lost_doubled_and_changed() -> None:
    model = Model()
    model.credit(["A", "B"], 5, 1, "approve")
    model.move(REDEEM, "A", 3, 3, "charge")
    assert model.accounts["A"].available == 2
    right = [line(1, 1, 60), line(2, 1, 60), line(3, 2, 3)]
    assert model.compare(right, KINDS) == []
    assert {one.kind for one in model.compare(right[1:], KINDS)} == {"lost"}
    assert {one.kind for one in model.compare([*right, line(4, 2, 3)], KINDS)} == {"doubled"}
    assert {one.kind for one in model.compare([*right, right[2]], KINDS)} == {"doubled"}
    assert {one.kind for one in model.compare([*right[:2], line(3, 2, 4)], KINDS)} == {"balance"}


def test_an_answer_that_names_another_s_entry_is_a_violation() -> None:
    model = Model()
    model.move(REDEEM, "A", 3, 3, "charge")
    model.move(REDEEM, "B", 3, 3, "charge")
    assert [one.kind for one in model.take_violations()] == ["doubled"]


def test_an_hour_is_given_out_once() -> None:
    slots = Slots(["A", "B"], 8, 9)
    taken = [slots.take(5) for _ in range(10)]
    hours = [hour[:3] for some in taken for hour in some]
    assert len(hours) == len(set(hours)) == slots.size == 32
