"""Who is told what, once: coins that went are told at once, coins that came once they are final; and the ways out of the outbox."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from ledger_service.adapters.sms import SmsFile
from ledger_service.domain.actors import Role
from ledger_service.domain.notices import NoticeKind, Sign
from ledger_service.journal import untold
from ledger_service.journal.notices import Notice, NoticeRow
from ledger_service.journal.schema import batches, counters, entries, messages, notices, persons
from ledger_service.services import donate, loading, notify, setup, spend
from ledger_service.services.deliver import SENT_A_PASS, TEXT_GOOD_SECONDS, Delivery, deliver_notices
from ledger_service.services.messages import send_messages
from tests.books import Books
from tests.integration.test_account_ends import merge
from tests.integration.test_treasury import OTHER, RESIDENT, chain, charge, earn
from tests.memory_chain import MemoryChain

__all__ = ["chain"]
SIGN = Sign("보람코인", "02-000-0000")


class Letters:
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        self.rows: list[NoticeRow] = []

    def send(self, rows: Sequence[NoticeRow], today: date) -> None:
        self.rows += rows


@pytest.fixture
def working(district: Books, chain: MemoryChain) -> Books:
    """A district whose setup is over."""
    opening = setup.propose_opening(district.context, district.office, None)
    setup.approve_orders(district.context, district.second, None, opening["id"])
    chain.post()
    return district


def told(books: Books) -> list[tuple[str, str, int]]:
    """(kind, whom, coins) of everything that waits in the outbox."""
    names = {books.person(RESIDENT): RESIDENT, books.person(OTHER): OTHER}
    with books.journal.read() as unit:
        return [(row.kind.value, names[row.person_id], row.coins) for row in unit.notices.unsent(1000)]


def texts(books: Books, folder: Path) -> list[str]:
    """What the gateway is given."""
    path = folder / "messages.jsonl"
    path.unlink(missing_ok=True)
    while send_messages(books.context, SmsFile(path)):
        pass
    return [json.loads(line)["text"] for line in path.read_text().splitlines()] if path.exists() else []


def test_coins_that_go_are_told_at_once_and_coins_that_come_once_they_are_final(
    working: Books, chain: MemoryChain
) -> None:
    earn(working, RESIDENT)
    assert notify.queue_move_notices(working.context) == 0, "not final"
    chain.post()
    assert notify.queue_move_notices(working.context) == 1
    done = charge(working, RESIDENT, 4)
    donate.donate(working.context, working.office, None, working.person(RESIDENT), "WARM", 1)
    spend.refund(working.context, working.office, None, str(done["id"]), 3)
    assert notify.queue_move_notices(working.context) == 2
    chain.post()
    assert notify.queue_move_notices(working.context) == 1
    assert told(working) == [
        ("credited", RESIDENT, 10), ("charged", RESIDENT, 4), ("donated", RESIDENT, 1), ("refunded", RESIDENT, 3),
    ]  # fmt: skip
    assert notify.queue_move_notices(working.context) == 0


def test_more_debits_than_a_pass_takes_are_all_told(
    working: Books, chain: MemoryChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(untold, "DEBITS_A_PASS", 2)
    working.grant(RESIDENT, 40)
    for coins in (1, 2, 3):
        charge(working, RESIDENT, coins)
        earn(working, OTHER, f"2024-04-0{coins}")
    assert [notify.queue_move_notices(working.context) for _ in range(3)] == [2, 1, 0]
    assert [coins for _, _, coins in told(working)] == [1, 2, 3]


def test_what_has_landed_and_is_not_final_waits(working: Books, chain: MemoryChain) -> None:
    earn(working, RESIDENT)
    chain.post()
    last = select(func.max(batches.c.post_number)).scalar_subquery()
    for state, queued in (("posted", 0), ("final", 1)):
        with working.engine.begin() as connection:
            connection.execute(update(batches).where(batches.c.post_number == last).values(state=state))
        assert notify.queue_move_notices(working.context) == queued


def test_what_a_batch_brings_to_one_person_is_one_notice(working: Books, chain: MemoryChain) -> None:
    for day in ("2024-04-09", "2024-04-10", "2024-04-11"):
        earn(working, RESIDENT, day)
    earn(working, OTHER)
    chain.post()
    assert notify.queue_move_notices(working.context) == 2
    assert sorted(told(working)) == [("credited", RESIDENT, 30), ("credited", OTHER, 10)]


def test_a_credit_that_the_chain_skipped_is_not_told(working: Books, chain: MemoryChain) -> None:
    skipped = earn(working, RESIDENT)
    earn(working, OTHER)
    chain.post()
    with working.engine.begin() as connection:
        connection.execute(update(entries).where(entries.c.journal_no == skipped).values(skip_reason=2))
    notify.queue_move_notices(working.context)
    assert told(working) == [("credited", OTHER, 10)]


def test_nothing_is_told_twice_whatever_the_counters_say(working: Books, chain: MemoryChain) -> None:
    earn(working, RESIDENT)
    chain.post()
    charge(working, RESIDENT, 4)
    assert notify.queue_move_notices(working.context) == 2
    with working.engine.begin() as connection:
        connection.execute(update(counters).where(counters.c.name.startswith("told")).values(value=0))
    assert notify.queue_move_notices(working.context) == 0
    with working.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(notices)).scalar_one() == 2


def test_what_is_older_than_a_week_is_not_told_any_more(working: Books, chain: MemoryChain) -> None:
    earn(working, RESIDENT)
    chain.post()
    charge(working, RESIDENT, 4)
    chain.post()
    working.clock.seconds += notify.TOLD_WITHIN_SECONDS + 1
    assert notify.queue_move_notices(working.context) == 0
    charge(working, RESIDENT, 2)
    assert notify.queue_move_notices(working.context) == 1


def test_whoever_has_no_telephone_is_told_on_paper(working: Books, chain: MemoryChain) -> None:
    registrar = working.actor("registrar", Role.REGISTRAR)
    head = "회원번호,이름,생년월일,휴대전화,동,자격\n"
    loading.load_members(working.context, registrar, None, f"{head}S999999,김없음,1950-01-02,,양재1동,거주\n".encode())
    working.grant("S999999", 10)
    charge(working, "S999999", 4)
    assert notify.queue_move_notices(working.context) == 0


def test_a_notice_becomes_a_message_that_says_what_is_left(working: Books, chain: MemoryChain, tmp_path: Path) -> None:
    earn(working, RESIDENT)
    chain.post()
    charge(working, RESIDENT, 4)
    notify.queue_move_notices(working.context)
    letters = Letters()
    assert deliver_notices(working.context, Delivery(letters, SIGN)) == 2
    assert deliver_notices(working.context, Delivery(letters, SIGN)) == 0
    assert sorted(texts(working, tmp_path)) == [
        "[보람코인] 10코인 적립, 남은 6코인(2029-04-11까지 6코인)",
        "[보람코인] 4코인 사용, 남은 6코인(2029-04-11까지 6코인)",
    ]
    assert letters.rows == []
    with working.engine.connect() as connection:
        assert set(connection.execute(select(messages.c.text_sealed)).scalars()) == {None}, "no text is kept"


def test_without_a_gateway_every_notice_is_the_senders(working: Books, chain: MemoryChain, tmp_path: Path) -> None:
    earn(working, RESIDENT)
    chain.post()
    notify.queue_move_notices(working.context)
    letters = Letters()
    assert deliver_notices(working.context, Delivery(letters)) == 1
    assert [(row.kind, row.coins) for row in letters.rows] == [(NoticeKind.CREDITED, 10)]
    assert texts(working, tmp_path) == []


def test_letters_go_to_whoever_has_no_telephone(working: Books, tmp_path: Path) -> None:
    person = working.person(RESIDENT)
    with working.engine.begin() as connection:
        connection.execute(update(persons).where(persons.c.id == person).values(phone_sealed=None))
    with working.journal.write() as unit:
        for told_of in (person, working.person(OTHER)):
            unit.notices.queue([Notice(told_of, NoticeKind.EXPIRY_30, "19845", 19_845, 10, 19_875)], 0)
        unit.commit()
    letters = Letters()
    assert deliver_notices(working.context, Delivery(letters, SIGN)) == 2
    assert [row.person_id for row in letters.rows] == [person]
    assert texts(working, tmp_path) == ["[보람코인] 10코인이 2024-06-01까지만 유효, 남은 0코인"]


def test_a_sender_that_fails_leaves_everything_in_the_outbox(working: Books, tmp_path: Path) -> None:
    class Broken:
        def send(self, rows: Sequence[NoticeRow], today: date) -> None:
            raise OSError("no paper")

    person = working.person(RESIDENT)
    with working.engine.begin() as connection:
        connection.execute(update(persons).where(persons.c.id == person).values(phone_sealed=None))
    with working.journal.write() as unit:
        for told_of in (person, working.person(OTHER)):
            unit.notices.queue([Notice(told_of, NoticeKind.CREDITED, "3/1", 19_845, 10)], 0)
        unit.commit()
    with pytest.raises(OSError, match="no paper"):
        deliver_notices(working.context, Delivery(Broken(), SIGN))
    assert len(told(working)) == 2
    assert texts(working, tmp_path) == []


def test_two_processes_that_deliver_at_once_write_one_message(working: Books, tmp_path: Path) -> None:
    with working.journal.write() as unit:
        unit.notices.queue([Notice(working.person(OTHER), NoticeKind.CREDITED, "3/1", 19_845, 10)], 0)
        unit.notices.queue([Notice(working.person(RESIDENT), NoticeKind.CREDITED, "3/1", 19_845, 10)], 0)
        unit.commit()
    with working.engine.begin() as connection:
        connection.execute(update(persons).where(persons.c.id == working.person(RESIDENT)).values(phone_sealed=None))

    class Overtaken(Letters):
        """While it prints, another process delivers everything."""

        def send(self, rows: Sequence[NoticeRow], today: date) -> None:
            super().send(rows, today)
            assert deliver_notices(working.context, Delivery(Letters(), SIGN)) == 2

    deliver_notices(working.context, Delivery(Overtaken(), SIGN))
    assert len(texts(working, tmp_path)) == 1


def test_who_was_merged_into_another_number_is_told_there(working: Books, chain: MemoryChain, tmp_path: Path) -> None:
    earn(working, RESIDENT)
    chain.post()
    notify.queue_move_notices(working.context)
    receiver = working.person(OTHER)
    merge(working, RESIDENT, OTHER)
    chain.post()
    assert deliver_notices(working.context, Delivery(Letters(), SIGN)) == 2
    with working.engine.connect() as connection:
        assert set(connection.execute(select(messages.c.person_id)).scalars()) == {receiver}
    assert "[보람코인] 회원번호가 하나로 합쳐졌습니다, 남은 10코인(2029-04-11까지 10코인)" in texts(working, tmp_path)


def test_whoever_is_forgotten_is_not_written_to(working: Books, chain: MemoryChain, tmp_path: Path) -> None:
    working.grant(RESIDENT, 4)
    charge(working, RESIDENT, 4)
    chain.post()
    notify.queue_move_notices(working.context)
    deliver_notices(working.context, Delivery(Letters(), SIGN))
    person = working.person(RESIDENT)
    with working.journal.write() as unit:
        unit.people.erase(person, b"\x01" * 32)
        unit.commit()
    working.context.vault.forget(person, working.clock.now())
    assert texts(working, tmp_path) == []


def test_a_code_does_not_wait_behind_notices(working: Books, tmp_path: Path) -> None:
    with working.journal.write() as unit:
        for number in range(SENT_A_PASS):
            told_of = Notice(working.person(RESIDENT), NoticeKind.CREDITED, f"3/{number}", 19_845, 10)
            unit.notices.queue([told_of], 0)
        unit.commit()
    deliver_notices(working.context, Delivery(Letters(), SIGN))
    seal = working.context.vault.of(working.person(RESIDENT))
    now = working.clock.now()
    with working.journal.write() as unit:
        unit.messages.add(
            working.context.new_id(), working.person(RESIDENT), "code", seal.seal("message", "1234"), now, now + 300
        )
        unit.commit()
    out = tmp_path / "first.jsonl"
    send_messages(working.context, SmsFile(out))
    assert json.loads(out.read_text().splitlines()[0])["text"] == "1234"


def test_a_message_that_is_too_old_says_nothing_any_more(working: Books, chain: MemoryChain, tmp_path: Path) -> None:
    earn(working, RESIDENT)
    chain.post()
    notify.queue_move_notices(working.context)
    deliver_notices(working.context, Delivery(Letters(), SIGN))
    working.clock.seconds += TEXT_GOOD_SECONDS
    assert texts(working, tmp_path) == []
