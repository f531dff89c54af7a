"""The fault harness's own parts: its schedule is data of a seed, and its model finds what is lost, doubled or wrong."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from pathlib import Path

import pytest

from scripts.faults.__main__ import faults_of
from scripts.faults.classes import CLASSES, FAULTS, PROFILES
from scripts.faults.client import Answer
from scripts.faults.model import REDEEM, Model, Slots, Violation
from scripts.faults.postgres import STOP_AND_TAKE
from scripts.faults.proxy import Proxy
from scripts.faults.readings import COINS_OF_A_PERSON, wrong_balance, wrong_totals
from scripts.faults.report import added, read_log, sources_of, write_log
from scripts.faults.roles import STOP_HOLDER
from scripts.faults.run import Outcome, Runner
from scripts.faults.schedule import Profile, Round, make_schedule
from scripts.faults.stages import STAGE_SECONDS
from scripts.faults.syncs import unsynced

ROOT = Path(__file__).resolve().parents[2]
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
    kills = (
        "kill",
        "point",
        "point outside",
        "chain",
        "kill+reorg",
        "postgres",
        "clock",
        "wal",
    )  # those of `roles` come on top
    assert sum(strikes[name] for name in kills) >= 60
    assert strikes["reorg"] + strikes["kill+reorg"] >= 25
    what = {(one.fault, event.what) for one in rounds for event in one.events}
    assert {
        ("drop", "first"),
        ("drop", "middle"),
        ("drop", "all"),
        ("roles", STOP_HOLDER),
        ("workers", STOP_AND_TAKE),
    } <= what
    points = {event.how[0] for one in rounds if one.fault == "point outside" for event in one.events}
    assert points == {"after_store", "after_broadcast", "before_mark"}


def test_rounds_are_played_longest_first_on_the_stage_that_is_there_and_what_wears_it_out_last() -> None:
    rounds = make_schedule(1, PROFILES["short"], CLASSES)
    runners = [Runner(None, FAULTS, 10, print) for _ in range(4)]  # type: ignore[arg-type]
    played: list[list[str]] = [[] for _ in runners]
    ready = [0.0] * len(runners)
    while rounds:
        at = ready.index(min(ready))
        before = runners[at].kind
        one = runners[at].best_of(rounds, [other.kind for other in runners if other is not runners[at]])
        rounds.remove(one)
        played[at].append(one.fault)
        ready[at] += one.seconds + (STAGE_SECONDS[one.stage] if before != one.stage else 0)
    assert sorted(names[0] for names in played) == ["kill", "postgres", "proxy", "reorg"]
    assert next(names for names in played if "postgres" in names)[:3] == ["postgres", "workers", "roles"]
    assert next(names for names in played if "backup" in names).index("backup") > 0
    assert max(ready) < 1.25 * sum(ready) / len(ready)


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


def test_a_refusal_is_definite_unless_a_late_copy_did_the_same() -> None:
    assert Answer(409, {"code": "insufficient_coins"}).is_refusal
    assert not Answer(409, {"code": "row_conflict"}).is_refusal
    assert not Answer(503, {"code": "busy"}).is_refusal


def test_only_rounds_of_the_same_sources_are_added_up(tmp_path: Path) -> None:
    log = tmp_path / "rounds.jsonl"
    row = {"faults": "kill", "rounds": 1, "strikes": 3, "kills": 3, "reorgs": 0, "operations": 10, "requests": 20}
    row |= {"lost": 0, "doubled": 0, "wrong balances": 0, "holds left": 0, "other": 0, "drain s": 1.5}
    for sources in ("a", "a", "b"):
        write_log(log, sources, 7, row)
    assert [(one["faults"], one["rounds"], one["kills"]) for one in added(read_log(log, "a"))] == [
        ("kill", 2, 6),
        ("all", 2, 6),
    ]


def test_a_changed_service_has_other_sources(tmp_path: Path) -> None:
    for folder in ("ledger_service", "scripts/faults"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "ledger_service" / "rates.py").write_text("RATE = 1")
    before = sources_of(tmp_path)
    (tmp_path / "ledger_service" / "rates.py").write_text("RATE = 2")
    assert sources_of(tmp_path) != before


def outcome(fault: str, operations: int, left_out: str = "", violations: tuple[Violation, ...] = ()) -> Outcome:
    one = Round(fault, "embedded", 1, (), 1)
    return Outcome(one, Counter(kills=30), operations, left_out=left_out, violations=list(violations))


def test_a_run_that_did_too_little_or_left_a_round_out_has_failed() -> None:
    profile = Profile("one", (), 10, least={"kills": 60, "operations": 100})
    enough = [outcome("kill", 50), outcome("disk", 50)]
    rounds = [one.round for one in enough]
    assert faults_of(enough, rounds, profile) == []
    assert len(faults_of(enough[:1], rounds, profile)) == 3
    assert faults_of([outcome("kill", 1), outcome("disk", 50)], rounds, profile) == [
        "only 51 operations of at least 100"
    ]
    assert faults_of([outcome("kill", 1), outcome("disk", 1)], rounds, None) == []
    left = [outcome("kill", 99), outcome("kill", 99), outcome("disk", 0, left_out="no mount")]
    rounds = [one.round for one in left]
    assert len(faults_of(left, rounds, profile)) == 1
    assert faults_of(left, rounds, profile, ["disk"]) == []
    assert faults_of([outcome("kill", 999, violations=(Violation("lost", "1"),))], rounds[:1], None)


def test_a_refusal_is_wrong_where_a_person_surely_had_the_coins_or_no_seat() -> None:
    model = Model()
    model.credit(["A"], 20, 1, "approve")
    model.begin_load({"A": "a"})
    model.wants("a", 15)
    assert model.can_surely_pay("a")
    model.credit(["A"], 20, 2, "not final yet")
    model.wants("a", 6)
    assert not model.can_surely_pay("a")
    model.wants_seat("a", "yoga")
    assert not model.may_have_seat("a", "yoga")
    model.wants_seat("a", "yoga")
    assert model.may_have_seat("a", "yoga")


def test_a_mutant_that_only_keeps_the_service_from_starting_is_not_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    verdict_of = importlib.import_module("mutants_service").verdict_of
    broken, lost = "       broken: boram up ended with 1 []\n", "       lost: entry 7 [charge]\n"
    assert verdict_of(0, "", "")[0] == "survived"
    assert verdict_of(1, broken, "")[0] == "broken"
    assert verdict_of(1, "       work: 3 of at least 80 operations []\n", "")[0] == "broken"
    assert verdict_of(2, "", "could not run")[0] == "broken"
    assert verdict_of(1, broken + lost, "") == ("killed", "lost", "entry 7 [charge]")


TOTALS = {
    "credited": 100, "spent": 30, "refunded": 10, "donated": 5, "expired": 0, "set_off": 0, "taken_back": 0, "restored": 0,
    "outstanding": 75, "final_outstanding": 70,
    "kinds": [{"kind": "credit", "coins": 100, "entries": 2, "final_coins": 50, "final_entries": 1}],
}  # fmt: skip
LEAST = {"credited": 100, "spent": 30, "refunded": 10, "donated": 5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"credited": 99, "outstanding": 74},
        {"outstanding": 76},
        {"final_outstanding": -1},
        {"refunded": 31, "outstanding": 96},
        {"kinds": [{"kind": "credit", "coins": 100, "entries": 2, "final_coins": -5, "final_entries": -1}]},
    ],
)
def test_a_reading_of_totals_that_cannot_be_is_found(wrong: dict[str, object]) -> None:
    assert wrong_totals(TOTALS, LEAST) == []
    assert len(wrong_totals(TOTALS | wrong, LEAST)) == 1


def test_a_reading_of_a_balance_that_cannot_be_is_found() -> None:
    balance: dict[str, object] = dict.fromkeys(COINS_OF_A_PERSON, 3) | {"krw_per_coin": 100, "available_krw": 300}
    assert wrong_balance(balance) == []
    assert wrong_balance(balance | {"held": -1})
    assert wrong_balance(balance | {"available_krw": 200})


ASKED, ANSWERED = (
    '7 recvfrom(9<socket:[1]>, "POST /api/v1/rede"..., 65536, 0) = 400',
    '7 sendto(9<socket:[1]>, "HTTP/1.1 201 Cre"..., 200) = 200',
)
SYNCED = "8 fdatasync(5</home/books.db-wal>) = 0"


@pytest.mark.parametrize(
    ("calls", "kinds"),
    [
        ([ASKED, SYNCED, ANSWERED], []),
        ([ASKED, "8 fdatasync(5</home/books.db-wal> <unfinished ...>", "8 <... fdatasync resumed>) = 0", ANSWERED], []),
        ([ASKED, "8 fdatasync(5</home/books.db-wal> <unfinished ...>", ANSWERED], ["unsynced"]),
        ([ASKED, "8 fdatasync(5</home/keys.db-wal>) = 0", "8 fsync(6</home/bundles/1>) = 0", ANSWERED], ["unsynced"]),
        ([SYNCED, ASKED, ANSWERED], ["unsynced"]),
        ([ASKED, SYNCED], ["work"]),
    ],
)
def test_an_answer_counts_as_synced_by_the_books_log_alone_and_while_it_was_asked_for(
    calls: list[str], kinds: list[str]
) -> None:
    assert [one.kind for one in unsynced(calls, 1)] == kinds


def test_what_interrupts_a_request_happens_once_and_before_the_right_one() -> None:
    proxy, done = Proxy(node_port=1), []
    try:
        asking = threading.Thread(target=proxy.interrupt, args=("eth_blockNumber", lambda: done.append("reorg"), 30))
        asking.start()
        while asking.is_alive():
            proxy.meet(b'{"method": "eth_blockNumber"}')
            asking.join(0.01)
        proxy.meet(b'{"method": "eth_blockNumber"}')
        assert done == ["reorg"]
    finally:
        proxy.close()


def test_every_mutant_of_the_service_finds_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    mutants = importlib.import_module("mutants_service")
    names = [mutant.name for mutant in mutants.MUTANTS]
    assert len(set(names)) == len(names)
    for mutant in mutants.MUTANTS:
        assert mutants.changed(mutant)
        assert set(mutant.classes.split(",")) <= {name for name, _, _ in PROFILES["mutant"].rounds}
