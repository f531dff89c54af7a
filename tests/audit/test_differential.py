"""The model, written from the page, and the real contract agree in everything, whatever is posted."""

from __future__ import annotations

from collections import Counter

import pytest

from ledger_service.audit.history import History
from ledger_service.audit.verify import Audit
from ledger_service.chain.codec import BATCH_REFUSED, BatchRefused, Refusal, decode_logs
from ledger_service.domain.entries import Entry, Kind, Skip
from ledger_service.domain.orders import OrderCode, OrderSkip
from tests.audit.histories import RandomHistory
from tests.audit.support import Ledger, person, undone_of

STEPS = 90
SEEDS = range(10)
LONG_SEEDS = range(1_000, 1_012)
REACHED: Counter[str] = Counter()

_BURNS = (Skip.NOT_ALLOWED, Skip.BAD_ACCOUNT, Skip.FROZEN, Skip.RATE_NOT_IN_FORCE, Skip.BALANCE, Skip.ALLOTMENT)
SKIPS_OF_KIND: dict[Kind, tuple[Skip, ...]] = {
    Kind.CREDIT: (
        Skip.NOT_ALLOWED,
        Skip.BAD_ACCOUNT,
        Skip.FROZEN,
        Skip.RATE_NOT_IN_FORCE,
        Skip.UNITS_ABOVE_MAX,
        Skip.ALLOTMENT,
        Skip.BUDGET,
        Skip.PERSON_CAP,
    ),
    Kind.REDEEM: _BURNS,
    Kind.REFUND: (
        Skip.BAD_ACCOUNT,
        Skip.BAD_ANNEX,
        Skip.BAD_ORIGINAL,
    ),  # Balance: what it took suffices for its refunds
    Kind.DONATE: _BURNS,
    Kind.EXPIRE: _BURNS,
    Kind.CORRECT: (Skip.NOT_ALLOWED, Skip.BAD_ACCOUNT, Skip.BAD_ANNEX, Skip.BAD_ORIGINAL, Skip.ALLOTMENT),
    Kind.SET_OFF: tuple(skip for skip in _BURNS if skip != Skip.FROZEN),
    Kind.CLOSURE: _BURNS,
    Kind.MERGE: _BURNS,
    Kind.MONTH_CLOSE: (Skip.NOT_ALLOWED, Skip.BAD_ACCOUNT, Skip.BAD_ANNEX, Skip.BAD_ORIGINAL, Skip.BALANCE),
    Kind.OPENING: tuple(skip for skip in _BURNS if skip != Skip.BALANCE),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_contract_and_the_model_agree_on_random_histories(ledger: Ledger, seed: int) -> None:
    agree(ledger, seed, STEPS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", LONG_SEEDS)
def test_the_contract_and_the_model_agree_on_long_histories(ledger: Ledger, seed: int) -> None:
    agree(ledger, seed, 300)


def agree(ledger: Ledger, seed: int, steps: int) -> None:
    history = RandomHistory(ledger, seed)
    for _ in range(steps):
        history.step()
    audited = Audit(ledger.rpc, ledger.contract, batch_seen=[lambda _landed, _signed, applied: count(applied)]).run()
    # The contract keeps no lots: that a random expiry comes too early is for the audit to say (test_expired_early.py).
    assert [one.message for one in audited.report.findings if one.code != "expired_early"] == []
    assert audited.report.counts.entries > 300
    totals = audited.state.totals
    assert history.model.state.totals == totals
    assert undone_of(ledger, list(audited.state.undone)) == audited.state.undone
    REACHED.update(history.met)
    REACHED.update(reissued=totals.reissued, restored=totals.restored)
    refuse_the_same(history)


def refuse_the_same(history: RandomHistory) -> None:
    """Every batch that was sent, the refused and the replayed too, ended as the model says."""
    refused = refusals(history.ledger)
    for (signed, head, expected), event in zip(history.refused, refused, strict=True):
        REACHED[f"refused {event.reason.name}"] += 1
        assert (event.desk, event.seq, event.head) == (signed.batch.desk, signed.batch.seq, head)
        assert (event.reason, event.value) == (expected.reason, expected.value)


@pytest.mark.parametrize("number", [1, 11, 21])
def test_a_word_of_zeros_is_skipped_and_never_reverts(ledger: Ledger, number: int) -> None:
    """Before any rate was read, a cache may hold zeros: a word that matches it must not divide by them."""
    desks = ledger.set_up()
    words = [Entry(account, 0, 0, units, 0, 0) for account in (person(1), bytes(20)) for units in (0, 1)]
    ledger.post(desks[number].seal(ledger.domain, words))
    seen: list[list[tuple[int, int]]] = []
    audited = Audit(
        ledger.rpc, ledger.contract, batch_seen=[lambda _landed, _signed, one: seen.append(one.skips)]
    ).run()
    assert audited.report.findings == ()
    assert seen[-1] == [(index, Skip.NOT_ALLOWED) for index in range(4)]


def count(applied: object) -> None:
    for _, reason in applied.skips:  # type: ignore[attr-defined]
        REACHED[f"skip {Skip(reason).name}"] += 1
    for kind in applied.coins_of_kind:  # type: ignore[attr-defined]
        REACHED[f"applied {Kind(kind).name}"] += 1
    for order in applied.orders:  # type: ignore[attr-defined]
        name = f"order {OrderCode(order.code).name}" if order.skip is None else f"order skip {order.skip.name}"
        REACHED[name] += 1


def refusals(ledger: Ledger) -> list[BatchRefused]:
    history = History(ledger.rpc, ledger.domain)
    logs = history._logs(0, 10_000_000, ["0x" + BATCH_REFUSED.hex()])
    return [event for event in decode_logs(logs) if isinstance(event, BatchRefused)]


def test_the_histories_reached_every_rule() -> None:
    """A differential test that never meets a rule says nothing about it."""
    if not REACHED:
        pytest.skip("no history was run")
    wanted = {f"skip {skip.name}" for skip in Skip} | {f"refused {refusal.name}" for refusal in Refusal}
    wanted |= {f"order skip {skip.name}" for skip in OrderSkip}
    wanted |= {f"order {code.name}" for code in OrderCode if code != OrderCode.OFFICE_KEYS}
    wanted |= {f"applied {kind.name}" for kind in Kind}
    wanted |= {f"{kind.name} {skip.name}" for kind, skips in SKIPS_OF_KIND.items() for skip in skips}
    wanted |= {f"corrected {kind.name}" for kind in (Kind.CREDIT, Kind.OPENING, Kind.EXPIRE)}
    wanted |= {f"{kind} over {steps} merges: applied" for kind in ("CORRECT", "REFUND") for steps in (1, 2)}
    wanted |= {f"of a fund: {end}" for end in ("applied", "BALANCE", "NOT_ALLOWED")}
    wanted |= {"debt made", "debt merged", "debt ended", "set off while frozen", "closure to a fund", "coins closed"}
    wanted |= {"reissued", "restored"}
    assert sorted(wanted - (+REACHED).keys()) == []
