"""The model, written from the page, and the real contract agree in everything, whatever is posted."""

from __future__ import annotations

from collections import Counter

import pytest

from ledger_service.audit.history import History
from ledger_service.audit.model import Model
from ledger_service.audit.verify import Audit, _signer
from ledger_service.chain.codec import BATCH_REFUSED, BatchRefused, Refusal, decode_logs
from ledger_service.domain.entries import Entry, Kind, Skip
from ledger_service.domain.orders import OrderCode, OrderSkip
from tests.audit.histories import RandomHistory
from tests.audit.support import GUARDIAN, OFFICE, Ledger, person

STEPS = 60
SEEDS = range(8)
REACHED: Counter[str] = Counter()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_contract_and_the_model_agree_on_random_histories(ledger: Ledger, seed: int) -> None:
    agree(ledger, seed, STEPS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1_000, 1_012))
def test_the_contract_and_the_model_agree_on_long_histories(ledger: Ledger, seed: int) -> None:
    agree(ledger, seed, 300)


def agree(ledger: Ledger, seed: int, steps: int) -> None:
    history = RandomHistory(ledger, seed)
    for _ in range(steps):
        history.step()
    audited = Audit(ledger.rpc, ledger.contract, batch_seen=[lambda _landed, _signed, applied: count(applied)]).run()
    assert [finding.message for finding in audited.report.findings] == []
    assert audited.report.counts.entries > 300
    refuse_the_same(ledger)


def refuse_the_same(ledger: Ledger) -> None:
    """Every batch that was sent, the refused and the replayed too, ended as the model says."""
    model = Model(ledger.domain, [one.address for one in OFFICE], GUARDIAN.address, _signer)
    refused = iter(refusals(ledger))
    for signed in ledger.posted:
        head = signed.batch.digest(ledger.domain)
        if model.state.heads.get((signed.batch.desk, signed.batch.seq)) == head:
            continue
        expected = model.refusal_of(signed, head)
        if expected is None:
            model.apply(signed, head)
            continue
        event = next(refused)
        REACHED[f"refused {event.reason.name}"] += 1
        assert (event.desk, event.seq, event.head) == (signed.batch.desk, signed.batch.seq, head)
        assert (event.reason, event.value) == (expected.reason, expected.value)
    assert next(refused, None) is None


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
    wanted |= {f"applied {kind.name}" for kind in (Kind.CREDIT, Kind.REDEEM, Kind.REFUND, Kind.DONATE)}
    assert wanted - REACHED.keys() == set(), REACHED
