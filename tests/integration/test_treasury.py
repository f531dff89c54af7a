"""Expiry, corrections, debts and freezes in the books, on SQLite and PostgreSQL, over a chain in memory that the audit's model decides for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import civil_day
from ledger_service.domain.entries import DeskKind, Kind
from ledger_service.errors import BoramError, NotFound
from ledger_service.journal.schema import approvals, notices
from ledger_service.reads import lots, residents
from ledger_service.services import (
    correct,
    credit,
    decide,
    expire,
    freeze,
    frozen,
    intake,
    ledger_state,
    notify,
    set_off,
    setup,
    spend,
)
from ledger_service.services.approvals import NotWaiting, SamePerson
from ledger_service.services.context import Once
from tests.books import Books
from tests.memory_chain import MemoryChain

RESIDENT = "S100000"
OTHER = "S100013"
FIVE_YEARS_LATER = date(2029, 4, 20)


@pytest.fixture
def chain(district: Books) -> MemoryChain:
    made = MemoryChain(district)
    made.post()
    return made


def gym(books: Books) -> int:
    return books.desk(DeskKind.VENUE, "GYM")


def clerk(books: Books) -> Actor:
    return books.actor("clerk", Role.CLERK, desks=frozenset({books.desk(DeskKind.CENTRE, "SVC")}))


def approver(books: Books) -> Actor:
    return books.actor("approver", Role.APPROVER, desks=frozenset({books.desk(DeskKind.CENTRE, "SVC")}))


_numbers = iter(range(1, 1_000_000))


def earn(books: Books, member: str, day: str = "2024-04-11", hours: int = 2) -> int:
    """An approved act of volunteering, five coins an hour; its journal number."""
    row = next(line for line in members(books) if line.startswith(member))
    number, name, birth, *_ = row.split(",")
    act = {
        "member_number": number, "name": name, "birth_date": birth, "programme": "VOL", "activity_day": day,
        "start": "09:00", "end": f"{9 + hours:02d}:00",
    }  # fmt: skip
    made = intake.submit_record(books.context, clerk(books), None, books.desk(DeskKind.CENTRE, "SVC"), act)
    return int(credit.approve(books.context, approver(books), None, made["id"])["first_journal_no"])


def members(books: Books) -> Iterator[str]:
    from tests.books import SAMPLES

    yield from (SAMPLES / "members.csv").read_text("utf-8-sig").splitlines()[1:]


def take_back(books: Books, journal_no: int, coins: int | None = None) -> dict[str, int]:
    """A correction that is proposed and approved."""
    made = correct.propose_correction(books.context, clerk(books), None, str(journal_no), coins, "wrong hours")
    return decide.APPROVE["correction"](books.context, books.office, None, made["id"])


def run_expiry(books: Books, to: date) -> dict[str, int]:
    made = expire.propose_expiry(books.context, books.office, None, to)
    return decide.APPROVE["expiry"](books.context, books.second, None, made["id"])


def charge(books: Books, member: str, coins: int) -> dict[str, object]:
    return spend.charge(books.context, books.office, None, books.person(member), gym(books), coins)


def agree(books: Books, chain: MemoryChain) -> None:
    """The books, the model and both folds of the lots say the same of everybody."""
    assert chain.audit() == []
    for member in (RESIDENT, OTHER):
        account = books.account(member)
        on_chain = chain.model.state.account(account.address)
        with books.journal.read() as unit:
            history = unit.lots.history(account.address)
        folded = history.folded()
        assert history.pending == []
        assert folded.uncovered == 0
        assert (account.credited - account.debited, account.debt) == (on_chain.coins, on_chain.debt)
        assert (folded.coins(account.address), folded.debt(account.address)) == (on_chain.coins, on_chain.debt)


def open_years(books: Books, *years: int) -> None:
    """Limits and days for years that the sample does not have."""
    rows = ["limit,code,period,coins"]
    for year in years:
        rows += [f"budget,,{year},100000", f"person,,{year},2000"]
        for month in range(1, 13):
            rows += [
                f"{kind},{code},{year}-{month:02d},100000"
                for kind, code in (("treasury", "TREASURY"), ("venue", "GYM"), ("centre", "SVC"))
            ]
    books.load("limits", "\n".join(rows).encode())
    setup.approve_orders(
        books.context, books.second, None,
        setup.propose(books.context, books.office, None, "open", [{"step": "open"}])["id"],
    )  # fmt: skip


# Expiry


def test_coins_expire_after_their_months_and_not_a_day_before(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT, "2024-04-11")
    earn(district, RESIDENT, "2024-04-20")
    chain.post()
    district.clock.business_date = date(2029, 4, 11)
    with pytest.raises(expire.CutDayNotOver):
        expire.propose_expiry(district.context, district.office, None, date(2029, 4, 11))
    with pytest.raises(expire.NothingExpired):
        expire.propose_expiry(district.context, district.office, None, date(2029, 4, 10))
    district.clock.business_date = date(2029, 4, 12)
    assert expire.preview_expiry(district.context, district.office, date(2029, 4, 11)) == {
        "to": "2029-04-11", "accounts": 1, "coins": 10,
    }  # fmt: skip
    done = run_expiry(district, date(2029, 4, 11))
    assert (done["entries"], done["coins"], done["left_out"]) == (1, 10, 0)
    assert district.account(RESIDENT).available == 10
    chain.post()
    agree(district, chain)


def test_who_proposed_a_run_does_not_approve_it(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    made = expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))
    with pytest.raises(SamePerson):
        expire.approve_expiry(district.context, district.office, None, made["id"])
    decide.DECLINE["expiry"](district.context, district.second, None, made["id"], "not yet")
    with pytest.raises(NotWaiting):
        expire.approve_expiry(district.context, district.second, None, made["id"])
    assert district.account(RESIDENT).available == 10


def test_a_run_waits_until_every_desk_is_final_up_to_its_day(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    chain.post()
    district.clock.business_date = date(2029, 4, 18)
    charge(district, RESIDENT, 1)
    district.clock.business_date = FIVE_YEARS_LATER
    with pytest.raises(expire.NotFinalYet) as refused:
        expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))
    assert refused.value.fields["desks"] == [gym(district)]
    chain.post()
    assert expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))["coins"] == 9


def test_what_is_spent_or_held_between_proposal_and_approval_does_not_expire(
    district: Books, chain: MemoryChain
) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    earn(district, OTHER)
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    made = expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))
    assert (made["accounts"], made["coins"]) == (2, 20)
    charge(district, RESIDENT, 3)
    spend.place_hold(district.context, district.office, None, district.person(OTHER), gym(district), 10)
    done = expire.approve_expiry(district.context, district.second, None, made["id"])
    assert (done["entries"], done["coins"], done["left_out"]) == (1, 7, 1)
    chain.post()
    agree(district, chain)
    assert district.account(RESIDENT).available == 0
    assert district.account(OTHER).held == 10


def test_an_account_that_moves_while_a_run_is_approved_is_left_out(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    made = expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))
    seals = district.context.vault.of_many

    def meanwhile(ids: object) -> object:  # between what approval reads and what it writes
        district.context.vault.of_many = seals  # type: ignore[method-assign]
        charge(district, RESIDENT, 4)
        return seals(ids)  # type: ignore[arg-type]

    district.context.vault.of_many = meanwhile  # type: ignore[method-assign, assignment]
    done = expire.approve_expiry(district.context, district.second, None, made["id"])
    assert (done["entries"], done["left_out"]) == (0, 1)
    assert district.account(RESIDENT).available == 6


def test_a_charge_accepted_after_an_expiry_never_goes_before_it(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT, "2024-04-11")
    earn(district, RESIDENT, "2024-04-20")
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    run_expiry(district, date(2029, 4, 19))
    charge(district, RESIDENT, 6)
    treasury = district.desk(DeskKind.TREASURY, "TREASURY")
    chain.held_back.add(treasury)
    chain.post()
    with district.journal.read() as unit:
        assert unit.sealing.desks_with_unsealed() == sorted([gym(district), treasury])
    chain.held_back.clear()
    chain.post()
    agree(district, chain)
    with district.journal.read() as unit:
        charged = unit.batches.read(gym(district), 1)
    assert charged is not None
    assert treasury in {need.desk for need in charged.batch.needs}


def test_people_are_told_once_each_60_30_and_7_days_ahead(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)  # counts up to 2029-04-11
    chain.post()
    told = []
    for days_ahead in (61, 60, 45, 30, 20, 7, 6, 0, -1):
        district.clock.business_date = date(2029, 4, 11) - timedelta(days=days_ahead)
        told.append(notify.queue_expiry_notices(district.context))
        assert notify.queue_expiry_notices(district.context) == 0
    assert told == [0, 1, 0, 1, 0, 1, 0, 0, 0]
    with district.journal.read() as unit:
        rows = unit.connection.execute(select(notices.c.kind, notices.c.coins, notices.c.expiry_day)).all()
    assert [tuple(row) for row in rows] == [
        (kind, 10, civil_day(date(2029, 4, 11))) for kind in ("expiry_60", "expiry_30", "expiry_7")
    ]


def test_coins_charged_and_not_final_yet_are_not_announced(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    chain.post()
    district.clock.business_date = date(2029, 4, 1)
    charge(district, RESIDENT, 10)
    assert notify.queue_expiry_notices(district.context) == 0


# Lots on the screen


def test_lots_are_shown_as_a_forecast_until_everything_is_final(district: Books, chain: MemoryChain) -> None:
    first = earn(district, RESIDENT, "2024-04-11")
    chain.post()
    second = earn(district, RESIDENT, "2024-04-10")
    charge(district, RESIDENT, 4)
    person = district.person(RESIDENT)
    shown = lots.lots_of(district.journal, district.office, person)
    assert [(one.journal_no, one.left, one.final_left, one.state) for one in shown.lots] == [
        (second, 6, 0, "forecast"), (first, 10, 10, "final"),
    ]  # fmt: skip
    assert shown.state == "forecast"
    balance = residents.balance(district.journal, district.office, person, district.clock.today())
    assert balance.next_expiry == residents.NextExpiry(date(2029, 4, 10), 6, "forecast")
    chain.post()
    shown = lots.lots_of(district.journal, district.office, person)
    assert shown.state == "final"
    agree(district, chain)


# Corrections


def test_a_wrong_credit_is_taken_back_by_an_entry_that_names_it(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    done = take_back(district, journal_no, 4)
    assert (done["coins"], done["taken"], done["debt"]) == (4, 4, 0)
    assert district.account(RESIDENT).available == 6
    chain.post()
    agree(district, chain)
    with district.journal.read() as unit:
        entry = unit.entries.read(done["first_journal_no"])
        told = unit.notices.unsent(10)
    assert entry is not None
    assert (entry.kind, entry.original_no, entry.skip_reason) == (Kind.CORRECT, journal_no, None)
    assert (entry.who, entry.approver) == (clerk(district).id, district.office.id)
    assert [(one.kind, one.coins) for one in told] == [("corrected", 4)]


def test_corrections_undo_no_more_than_the_original_moved(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    take_back(district, journal_no, 7)
    with pytest.raises(correct.CorrectionTooLarge) as refused:
        take_back(district, journal_no, 4)
    assert refused.value.fields["left"] == 3
    made = [
        correct.propose_correction(district.context, clerk(district), None, str(journal_no), 3, "again")
        for _ in range(2)
    ]
    correct.approve_correction(district.context, district.office, None, made[0]["id"])
    with pytest.raises(correct.CorrectionTooLarge):
        correct.approve_correction(district.context, district.office, None, made[1]["id"])
    assert district.account(RESIDENT).available == 0
    chain.post()
    agree(district, chain)


def test_of_two_approvals_at_once_one_counts(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    made = [
        correct.propose_correction(district.context, clerk(district), None, str(journal_no), 6, "again")
        for _ in range(2)
    ]
    outcomes: list[str] = []

    def approve(proposal: str) -> None:
        try:
            outcomes.append(correct.approve_correction(district.context, district.office, None, proposal)["status"])
        except BoramError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=approve, args=(one["id"],)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "correction_too_large"]
    assert district.account(RESIDENT).available == 4


def test_the_originals_maker_may_report_a_mistake_and_not_decide_on_it(district: Books, chain: MemoryChain) -> None:
    maker = district.actor("maker", Role.OFFICE)
    row = next(line for line in members(district) if line.startswith(RESIDENT)).split(",")
    act = {
        "member_number": row[0], "name": row[1], "birth_date": row[2], "programme": "VOL", "activity_day": "2024-04-11",
        "start": "09:00", "end": "11:00",
    }  # fmt: skip
    made = intake.submit_record(district.context, maker, None, district.desk(DeskKind.CENTRE, "SVC"), act)
    journal_no = credit.approve(district.context, district.office, None, made["id"])["first_journal_no"]
    proposal = correct.propose_correction(district.context, clerk(district), None, str(journal_no), None, "not there")
    with pytest.raises(correct.OriginalsMaker):
        correct.approve_correction(district.context, maker, None, proposal["id"])
    own = correct.propose_correction(district.context, maker, None, str(journal_no), None, "my mistake")
    with pytest.raises(SamePerson):
        correct.approve_correction(district.context, maker, None, own["id"])
    assert correct.approve_correction(district.context, district.office, None, own["id"])["coins"] == 10


def test_another_centres_entry_is_not_there(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    stranger = district.actor("stranger", Role.CLERK, desks=frozenset({gym(district)}))
    with pytest.raises(NotFound):
        correct.propose_correction(district.context, stranger, None, str(journal_no), None, "no")
    charged = None
    chain.post()
    charged = charge(district, RESIDENT, 2)
    with pytest.raises(correct.NotCorrectable):
        correct.propose_correction(district.context, district.office, None, str(charged["journal_no"]), None, "no")


def test_an_entry_can_be_named_by_its_place_on_the_chain(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    centre = district.desk(DeskKind.CENTRE, "SVC")
    made = correct.propose_correction(district.context, district.office, None, f"{centre}/1/0", 1, "no")
    assert made["original_no"] == journal_no


def test_what_was_spent_becomes_a_debt_that_later_credits_pay(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 7)
    done = take_back(district, journal_no)
    assert (done["taken"], done["debt"]) == (3, 7)
    assert district.account(RESIDENT).available == 0
    chain.post()
    agree(district, chain)
    assert set_off.set_off_debts(district.context) == 0  # nothing there to pay with
    earn(district, RESIDENT, "2024-04-12", hours=3)
    chain.post()
    assert district.account(RESIDENT).available == 8  # 15 came, 7 are promised to the debt
    with pytest.raises(spend.InsufficientCoins):
        charge(district, RESIDENT, 9)
    charge(district, RESIDENT, 8)
    assert set_off.set_off_debts(district.context) == 1
    assert set_off.set_off_debts(district.context) == 0
    account = district.account(RESIDENT)
    assert (account.available, account.debt) == (0, 0)
    chain.post()
    agree(district, chain)
    assert chain.model.state.totals.burnt == 10


def test_a_debt_is_set_off_only_once_it_is_the_chains(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 10)
    earn(district, RESIDENT, "2024-04-12")
    chain.post()
    take_back(district, journal_no, 10)
    earn(district, RESIDENT, "2024-04-13")
    take_back(district, journal_no + 2, 5)
    treasury = district.desk(DeskKind.TREASURY, "TREASURY")
    chain.held_back.add(treasury)
    chain.post()
    assert set_off.set_off_debts(district.context) == 0
    chain.held_back.clear()
    chain.post()
    set_off.set_off_debts(district.context)
    chain.post()
    agree(district, chain)


def test_coins_that_come_in_before_a_correction_lands_are_taken_by_it(district: Books, chain: MemoryChain) -> None:
    """The chain burns what it finds, and what is free does not change."""
    journal_no = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 10)
    chain.post()
    done = take_back(district, journal_no)
    assert done["debt"] == 10
    chain.held_back.add(district.desk(DeskKind.TREASURY, "TREASURY"))
    earn(district, RESIDENT, "2024-04-12", hours=3)
    chain.post()
    assert district.account(RESIDENT).available == 5
    charge(district, RESIDENT, 5)
    chain.held_back.clear()
    chain.post()
    account = district.account(RESIDENT)
    assert (account.debt, account.available) == (0, 0)
    agree(district, chain)


def test_a_correction_beyond_what_is_free_waits_for_holds_and_what_becomes_of_them(
    district: Books, chain: MemoryChain
) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 8)
    done = take_back(district, journal_no)
    assert (done["taken"], done["debt"]) == (2, 8)
    chain.post()
    with district.journal.read() as unit:
        assert unit.sealing.desks_with_unsealed() == [district.desk(DeskKind.TREASURY, "TREASURY")]
    spend.capture_hold(district.context, district.office, None, hold["id"])
    chain.post()
    agree(district, chain)
    assert chain.model.state.account(district.account(RESIDENT).address).debt == 8


def test_a_correction_that_waits_for_a_sign_up_stops_nobodys_charges(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    earn(district, OTHER)
    chain.post()
    context, office = district.context, district.office
    spend.place_hold(context, office, None, district.person(RESIDENT), gym(district), 8, "sign_up")
    take_back(district, journal_no)
    chain.post()
    district.clock.seconds += 2 * ledger_state.LEDGER_BEHIND_SECONDS - 60
    assert charge(district, OTHER, 1)["state"] == "accepted"
    district.clock.seconds += 60
    assert spend.expire_holds(context) == 1
    chain.post()
    agree(district, chain)


def test_a_hold_that_is_let_go_pays_a_waiting_correction(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 8)
    take_back(district, journal_no)
    spend.release_hold(district.context, district.office, None, hold["id"])
    assert district.account(RESIDENT).available == 0
    chain.post()
    agree(district, chain)
    assert district.account(RESIDENT).debt == 0


def test_a_skipped_correction_takes_nothing_and_may_come_again(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 7)
    chain.post()
    treasury = district.desk(DeskKind.TREASURY, "TREASURY")
    limit = next(limit for key, limit in chain.model.state.limits.items() if key[1:] == (treasury, 52))
    before, limit.versions = limit.versions, [(0, 0)]  # the chain knows of a lower limit
    take_back(district, journal_no)
    chain.post()
    account = district.account(RESIDENT)
    assert (account.available, account.debt) == (3, 0)
    limit.versions = before
    done = take_back(district, journal_no)
    assert (done["taken"], done["debt"]) == (3, 7)
    chain.post()
    agree(district, chain)


def test_a_skipped_set_off_leaves_its_debt(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 7)
    take_back(district, journal_no)
    chain.post()
    earn(district, RESIDENT, "2024-04-12")
    chain.post()
    treasury = district.desk(DeskKind.TREASURY, "TREASURY")
    limit = next(limit for key, limit in chain.model.state.limits.items() if key[1:] == (treasury, 52))
    before, limit.versions = limit.versions, [(0, 0)]
    set_off.set_off_debts(district.context)
    chain.post()
    assert district.account(RESIDENT).debt == 7
    assert district.account(RESIDENT).available == 3
    limit.versions = before
    set_off.set_off_debts(district.context)
    chain.post()
    agree(district, chain)
    assert district.account(RESIDENT).debt == 0


def test_an_expiry_is_undone_with_thirty_days(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    earn(district, RESIDENT)
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    expired = run_expiry(district, date(2029, 4, 19))
    chain.post()
    made = correct.propose_correction(
        district.context, district.office, None, str(expired["first_journal_no"]), 6, "in hospital"
    )
    assert made["restores"]
    with pytest.raises(SamePerson):
        correct.approve_correction(district.context, district.office, None, made["id"])
    correct.approve_correction(district.context, district.second, None, made["id"])
    assert district.account(RESIDENT).available == 0
    chain.post()
    assert district.account(RESIDENT).available == 6
    agree(district, chain)
    shown = lots.lots_of(district.journal, district.office, district.person(RESIDENT))
    assert [(one.expires_on, one.left) for one in shown.lots] == [(FIVE_YEARS_LATER + timedelta(days=30), 6)]


def test_one_request_sent_twice_corrects_once(district: Books, chain: MemoryChain) -> None:
    journal_no = earn(district, RESIDENT)
    chain.post()
    once = Once.of("k", b"b")
    answers = [
        correct.propose_correction(district.context, clerk(district), once, str(journal_no), 4, "twice")
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    once = Once.of("k2", b"b")
    for _ in range(2):
        correct.approve_correction(district.context, district.office, once, answers[0]["id"])
    assert district.account(RESIDENT).available == 6


# Freezes


def put_under(books: Books, member: str, until: date) -> None:
    made = freeze.propose_freeze(books.context, books.office, None, books.person(member), until, "padded hours")
    with pytest.raises(SamePerson):
        setup.approve_orders(books.context, books.office, None, made["id"])
    setup.approve_orders(books.context, books.second, None, made["id"])


def test_nothing_is_credited_to_a_frozen_account_or_taken_from_it(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    hold = spend.place_hold(district.context, district.office, None, district.person(RESIDENT), gym(district), 2)
    put_under(district, RESIDENT, date(2024, 5, 31))
    for attempt in (
        lambda: charge(district, RESIDENT, 1),
        lambda: spend.capture_hold(district.context, district.office, None, hold["id"]),
        lambda: earn(district, RESIDENT, "2024-04-12"),
    ):
        with pytest.raises(frozen.AccountFrozen):
            attempt()
    with district.journal.read() as unit:  # refused at once, not only when somebody approves it
        assert "waiting" not in unit.connection.execute(select(approvals.c.status)).scalars().all()
    with pytest.raises(frozen.AccountFrozen) as refused:
        charge(district, RESIDENT, 1)
    assert refused.value.fields == {"until": "2024-05-31", "appeal_until": "2024-05-16"}
    chain.post()
    assert chain.model.state.account(district.account(RESIDENT).address).is_frozen
    with district.journal.read() as unit:
        assert [one.kind for one in unit.notices.unsent(10)] == ["frozen"]


def test_a_submission_that_waits_is_not_approved_for_a_frozen_account(district: Books, chain: MemoryChain) -> None:
    row = next(line for line in members(district) if line.startswith(RESIDENT)).split(",")
    act = {
        "member_number": row[0], "name": row[1], "birth_date": row[2], "programme": "VOL", "activity_day": "2024-04-11",
        "start": "09:00", "end": "11:00",
    }  # fmt: skip
    made = intake.submit_record(district.context, clerk(district), None, district.desk(DeskKind.CENTRE, "SVC"), act)
    put_under(district, RESIDENT, date(2024, 5, 31))
    with pytest.raises(frozen.AccountFrozen):
        credit.approve(district.context, approver(district), None, made["id"])


def test_a_freeze_reaches_the_chain_after_what_was_accepted_before_it(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 4)
    put_under(district, RESIDENT, date(2024, 5, 31))
    chain.post()
    on_chain = chain.model.state.account(district.account(RESIDENT).address)
    assert (on_chain.coins, on_chain.is_frozen) == (6, True)
    agree(district, chain)


def test_a_freeze_ends_with_its_last_day(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    put_under(district, RESIDENT, date(2024, 5, 31))
    chain.post()
    district.clock.business_date = date(2024, 5, 31)
    assert frozen.lift_freezes(district.context) == 0
    district.clock.business_date = date(2024, 6, 1)
    assert frozen.lift_freezes(district.context) == 1
    assert frozen.lift_freezes(district.context) == 0
    charge(district, RESIDENT, 4)
    chain.post()
    assert not chain.model.state.account(district.account(RESIDENT).address).is_frozen
    agree(district, chain)


def test_what_came_between_two_freezes_finds_the_account_open(district: Books, chain: MemoryChain) -> None:
    put_under(district, RESIDENT, date(2024, 5, 2))
    chain.post()
    district.clock.business_date = date(2024, 5, 3)
    frozen.lift_freezes(district.context)
    earn(district, RESIDENT)  # it relies on the end of the first, which the chain does not have yet
    put_under(district, RESIDENT, date(2024, 5, 31))
    chain.post()
    agree(district, chain)
    on_chain = chain.model.state.account(district.account(RESIDENT).address)
    assert (on_chain.coins, on_chain.is_frozen) == (10, True)


def test_a_freeze_is_ended_early_by_two(district: Books, chain: MemoryChain) -> None:
    earn(district, RESIDENT)
    chain.post()
    put_under(district, RESIDENT, date(2024, 5, 31))
    made = freeze.propose_unfreeze(district.context, district.office, None, district.person(RESIDENT), "cleared")
    setup.approve_orders(district.context, district.second, None, made["id"])
    charge(district, RESIDENT, 4)
    chain.post()
    agree(district, chain)
    put_under(district, RESIDENT, date(2024, 5, 31))
    with pytest.raises(frozen.FrozenAlready):
        put_under(district, RESIDENT, date(2024, 5, 31))


def test_a_frozen_account_does_not_expire_and_still_pays_its_debt(district: Books, chain: MemoryChain) -> None:
    open_years(district, 2029)
    first = earn(district, RESIDENT)
    chain.post()
    charge(district, RESIDENT, 10)
    take_back(district, first)
    chain.post()
    earn(district, RESIDENT, "2024-04-12", hours=3)
    chain.post()
    district.clock.business_date = FIVE_YEARS_LATER
    put_under(district, RESIDENT, date(2029, 5, 31))
    chain.post()
    with pytest.raises(expire.NothingExpired):
        expire.propose_expiry(district.context, district.office, None, date(2029, 4, 19))
    assert set_off.set_off_debts(district.context) == 1
    chain.post()
    agree(district, chain)
    assert district.account(RESIDENT).debt == 0
