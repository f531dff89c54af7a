"""The audit against the real contract: nothing to find in a clean history, and exactly what was changed in another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ledger_service.audit.deployment import DeploymentUnknown, Genesis
from ledger_service.audit.findings import Report
from ledger_service.audit.history import NodeIncoherent
from ledger_service.audit.verify import ChainMoved, NoContract, Progress, verify
from ledger_service.chain.codec import BATCH_POSTED, ENTRY_SKIPPED, TRANSFER, encode_post
from ledger_service.chain.hexes import hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcFault, RpcUnavailable
from ledger_service.domain.batches import SignedBatch, annex_of, proof_item
from ledger_service.domain.entries import Entry, Kind, desk_account
from ledger_service.domain.hashing import keccak, text_word, word
from ledger_service.domain.orders import Order, OrderCode
from tests.audit.support import (
    DAY,
    GUARDIAN,
    OFFICE,
    Desk,
    Ledger,
    LyingRpc,
    credits_of,
    person,
    signed,
    signer,
    slot_of,
)


@pytest.fixture
def desks(ledger: Ledger) -> dict[int, Desk]:
    """The desks of a ledger with credits, charges, a refund, a donation and one skipped entry."""
    desks, chance = ledger.set_up(), random.Random(7)
    first = desks[1].seal(ledger.domain, credits_of(chance, 120, 20))
    ledger.post(first, desks[2].seal(ledger.domain, credits_of(chance, 40, 20, 200)))
    charges = [Entry(person(number), Kind.REDEEM, 0, 3, DAY, 500 + number) for number in range(18)]
    charges.append(Entry(person(77), Kind.REDEEM, 0, 3, DAY, 600))  # has nothing: skipped
    charged = desks[11].seal(ledger.domain, charges)
    ledger.post(charged)
    refund = Entry(person(4), Kind.REFUND, 4, 2, DAY, 1)
    ledger.post(desks[11].seal(ledger.domain, [refund], annex=annex_of([proof_item(charged.batch, 4)])))
    ledger.post(desks[21].seal(ledger.domain, [Entry(person(5), Kind.DONATE, 1, 2, DAY, 700)]))
    return desks


def codes(report: Report) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in report.findings]


def test_a_clean_history_holds(ledger: Ledger, desks: dict[int, Desk]) -> None:
    seen: list[Progress] = []
    report = verify(ledger.rpc, ledger.contract, progress=seen.append)
    assert report.findings == ()
    assert (report.holds, report.exit_code) == (True, 0)
    counts = report.counts
    assert (counts.batches, counts.entries, counts.entries_skipped) == (6, 181, 1)
    assert (counts.coins_redeemed, counts.coins_refunded, counts.coins_donated) == (54, 2, 2)
    assert counts.supply == counts.coins_credited > 0
    assert (counts.accounts, counts.desks, counts.desks_held_by_operator) == (22, 5, 2)
    assert seen[-1].block == seen[-1].last_block == report.block_number


def test_a_contract_without_posts_holds(ledger: Ledger) -> None:
    report = verify(ledger.rpc, ledger.contract)
    assert report.findings == ()
    assert report.counts.batches == 0


def test_a_changed_balance_is_named_with_what_it_should_be(ledger: Ledger, desks: dict[int, Desk]) -> None:
    account = person(3)
    held = _slots(ledger, account)
    place = slot_of(ledger.rpc, ledger.contract, account, held)
    ledger.rpc.call("anvil_setStorageAt", [hex_of(ledger.contract), place, hex_of(word(held + 1_000))])
    ledger.rpc.call("evm_mine", [])
    report = verify(ledger.rpc, ledger.contract)
    assert codes(report) == [("balance", hex_of(account))]
    finding = report.findings[0]
    coins = held & (2**64 - 1)
    assert (finding.expected, finding.found) == (str(coins), str(coins + 1_000))
    assert hex_of(account) in finding.message
    assert hex_of(account) in finding.message_ko
    assert report.exit_code == 1


def _slots(ledger: Ledger, account: bytes) -> int:
    call = keccak(b"slotsOf(address[])")[:4] + word(32) + word(1) + account.rjust(32, b"\0")
    asked = {"to": hex_of(ledger.contract), "data": hex_of(call)}
    return number_of("0x" + str(ledger.rpc.call("eth_call", [asked, "latest"]))[-64:])


def test_a_debt_a_freeze_and_earnings_written_into_storage_are_told_apart(
    ledger: Ledger, desks: dict[int, Desk]
) -> None:
    account = person(6)
    held = _slots(ledger, account)
    place = slot_of(ledger.rpc, ledger.contract, account, held)
    changed = held + (5 << 64) + (7 << 128) | 1 << 208
    ledger.rpc.call("anvil_setStorageAt", [hex_of(ledger.contract), place, hex_of(word(changed))])
    ledger.rpc.call("evm_mine", [])
    report = verify(ledger.rpc, ledger.contract)
    assert codes(report) == [(code, hex_of(account)) for code in ("debt", "earned", "flags")]


def lying(ledger: Ledger, lie: Callable[[str, Sequence[Any], Any], Any]) -> Report:
    with LyingRpc(ledger.rpc.url, lie) as rpc:
        return verify(rpc, ledger.contract)


def in_logs(topic: bytes, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> Callable[..., Any]:
    """A lie about every event of a kind; None hides it."""

    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method != "eth_getLogs":
            return answer
        told = [change(dict(log)) if log["topics"][0] == hex_of(topic) else log for log in answer]
        return [log for log in told if log is not None]

    return lie


def test_a_head_that_is_not_the_contents_is_found(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def change(log: dict[str, Any]) -> dict[str, Any]:
        if number_of(log["topics"][2]) == 11:
            log["data"] = hex_of(keccak(b"another head")) + log["data"][66:]
        return log

    assert codes(lying(ledger, in_logs(BATCH_POSTED, change))) == [("head", "11/1"), ("head", "11/2")]


def test_coins_and_skips_that_the_rules_do_not_give_are_found(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def change(log: dict[str, Any]) -> dict[str, Any]:
        if number_of(log["topics"][2]) == 11:
            log["data"] = log["data"][:66] + word(1).hex() + word(2).hex()
        return log

    found = codes(lying(ledger, in_logs(BATCH_POSTED, change)))
    assert found == [(code, where) for where in ("11/1", "11/2") for code in ("coins_applied", "skipped_hash")]
    assert codes(lying(ledger, in_logs(ENTRY_SKIPPED, lambda log: None))) == [("skips", "11/1")]


def test_a_hidden_batch_is_missed_by_its_post_number(ledger: Ledger, desks: dict[int, Desk]) -> None:
    hidden = in_logs(BATCH_POSTED, lambda log: None if number_of(log["topics"][1]) == 3 else log)
    found = codes(lying(ledger, hidden))
    assert found[0] == ("post_number", "11/1")
    assert ("status", "posts") in found


def test_a_truncated_history_is_missed_by_the_number_of_posts(ledger: Ledger, desks: dict[int, Desk]) -> None:
    truncated = in_logs(BATCH_POSTED, lambda log: None if number_of(log["topics"][1]) > 4 else log)
    found = codes(lying(ledger, truncated))
    assert found[0] == ("status", "posts")
    assert ("tip", "11") in found
    assert ("krw_due", hex_of(desk_account(11))) in found


def test_hidden_transfers_are_found_by_account(ledger: Ledger, desks: dict[int, Desk]) -> None:
    topic = hex_of(person(5).rjust(32, b"\0"))
    hidden = in_logs(TRANSFER, lambda log: None if log["topics"][1] == topic else log)
    found = {code for code, _ in codes(lying(ledger, hidden))}
    assert found == {"transfers"}


def test_a_changed_input_of_a_transaction_is_found(ledger: Ledger, desks: dict[int, Desk]) -> None:
    first = desks[11].batches[0]
    changed = replace(first, words=first.words[:-1] + b"\x99")

    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getTransactionByHash" and first.words.hex() in answer["input"]:
            answer = {**answer, "input": hex_of(encode_post([SignedBatch(changed, ())]))}
        return answer

    found = codes(lying(ledger, lie))
    assert found[0] == ("head", "11/1")
    assert ("landed", "11/1") in found


def test_an_input_without_the_batch_stops_the_fold_there(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        return {**answer, "input": "0x"} if method == "eth_getTransactionByHash" else answer

    assert codes(lying(ledger, lie)) == [("unreadable", "0/1"), *(("status", name) for name in STATUS_OF_SIX)]


STATUS_OF_SIX = ("posts", "latest day", "open until", "sealed")


def test_events_of_another_contract_are_no_history(ledger: Ledger, desks: dict[int, Desk]) -> None:
    with pytest.raises(NodeIncoherent):
        lying(ledger, in_logs(BATCH_POSTED, lambda log: {**log, "address": hex_of(person(1))}))


def test_another_code_at_the_address_is_found(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        is_code = method == "eth_getCode" and params[0] == hex_of(ledger.contract)
        return answer[:200] + "00" + answer[202:] if is_code else answer

    assert {code for code, _ in codes(lying(ledger, lie))} == {"deployment"}


def test_decoys_of_a_stranger_do_not_hide_a_batch(ledger: Ledger, desks: dict[int, Desk]) -> None:
    sealed = desks[1].seal(ledger.domain, credits_of(random.Random(1), 3, 5, 900))
    decoys = [SignedBatch(sealed.batch, ()), SignedBatch(sealed.batch, (bytes(65),))]
    other = signed(replace(sealed.batch, day=sealed.batch.day + 1), ledger.domain, [signer("stranger")])
    ledger.post(*decoys, other, sealed, *decoys)
    assert verify(ledger.rpc, ledger.contract).findings == ()


def test_keys_are_those_of_their_range(ledger: Ledger, desks: dict[int, Desk]) -> None:
    new = signer("the new key")
    ledger.post(ledger.order(Order(OrderCode.ROTATE_KEYS, (1, 3, 1, 1, int.from_bytes(new.address, "big")))))
    ledger.post(desks[1].seal(ledger.domain, credits_of(random.Random(1), 3, 5, 900)))
    desks[1].signers = [new]
    ledger.post(desks[1].seal(ledger.domain, credits_of(random.Random(2), 3, 5, 950)))
    report = verify(ledger.rpc, ledger.contract)
    assert report.findings == ()
    assert report.counts.batches == 9


def test_batches_that_land_while_the_audit_reads_are_folded_too(ledger: Ledger, desks: dict[int, Desk]) -> None:
    waiting = [desks[1].seal(ledger.domain, credits_of(random.Random(at), 3, 5, 900 + 10 * at)) for at in range(2)]

    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getBlockByNumber" and not params[1] and waiting:
            ledger.post(waiting.pop(0))
        return answer

    report = lying(ledger, lie)
    assert report.findings == ()
    assert report.counts.batches == 8


def test_a_past_that_changes_under_the_audit_cannot_be_audited(ledger: Ledger, desks: dict[int, Desk]) -> None:
    asked: set[str] = set()  # a block that came late is pinned in the place of the one before it

    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getBlockByNumber" and not params[1]:
            if params[0] in asked:
                return {**answer, "hash": hex_of(keccak(b"another"))}
            asked.add(params[0])
        return answer

    with pytest.raises(ChainMoved, match="run the audit again"):
        lying(ledger, lie)


def test_a_node_that_takes_small_ranges_only_is_asked_for_small_ones(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getLogs" and number_of(params[0]["toBlock"]) - number_of(params[0]["fromBlock"]) >= 5:
            raise RpcFault(-32_005, "query returned more than 10000 results")
        return answer

    assert lying(ledger, lie).findings == ()


def test_checkpoints_kept_elsewhere_are_held_against_the_chain(ledger: Ledger, desks: dict[int, Desk]) -> None:
    good = {(11, 1): desks[11].batches[0].digest(ledger.domain)}
    assert verify(ledger.rpc, ledger.contract, checkpoints=good).findings == ()
    bad = {(11, 1): keccak(b"what we saw"), (11, 9): keccak(b"what we saw")}
    assert codes(verify(ledger.rpc, ledger.contract, checkpoints=bad)) == [
        ("checkpoint", "11/1"),
        ("checkpoint", "11/9"),
    ]


def test_the_first_keys_can_be_given_where_the_deployment_is_gone(ledger: Ledger, desks: dict[int, Desk]) -> None:
    def lie(method: str, params: Sequence[Any], answer: Any) -> Any:
        return {**answer, "transactions": []} if method == "eth_getBlockByNumber" and params[1] else answer

    with LyingRpc(ledger.rpc.url, lie) as rpc:
        with pytest.raises(DeploymentUnknown):
            verify(rpc, ledger.contract)
        genesis = Genesis(text_word("test"), tuple(one.address for one in OFFICE), GUARDIAN.address)
        assert verify(rpc, ledger.contract, genesis=genesis).findings == ()
        wrong = Genesis(text_word("test"), (person(1), person(2)), GUARDIAN.address)
        assert ("landed", "0/1") in codes(verify(rpc, ledger.contract, genesis=wrong))


def test_signals_stand_beside_the_findings(ledger: Ledger, desks: dict[int, Desk]) -> None:
    twice = [Entry(person(50), Kind.CREDIT, 1, 300, DAY - 1, 900 + number) for number in range(3)]
    ledger.post(desks[1].seal(ledger.domain, twice))
    report = verify(ledger.rpc, ledger.contract)
    assert report.holds
    crowded = [signal for signal in report.signals if signal.where == f"{hex_of(person(50))}/1/{DAY - 1}"]
    assert [(one.code, one.expected, one.found) for one in crowded] == [("daily_units", "480", "900")]
    assert "operator_holds_keys" in {signal.code for signal in report.signals}


def test_a_refused_rival_of_a_batch_is_a_signal(ledger: Ledger, desks: dict[int, Desk]) -> None:
    first = desks[1].batches[0]
    ledger.post(signed(replace(first, day=first.day + 1), ledger.domain, desks[1].signers))
    report = verify(ledger.rpc, ledger.contract)
    assert report.holds
    assert [one.found for one in report.signals if one.code == "conflicts"] == ["1"]


def test_no_contract_and_no_node_cannot_run(ledger: Ledger) -> None:
    with pytest.raises(NoContract, match="check --rpc and --contract"):
        verify(ledger.rpc, person(1))
    with Rpc("http://127.0.0.1:1") as nobody, pytest.raises(RpcUnavailable):
        verify(nobody, ledger.contract)


def test_a_report_is_plain_data(ledger: Ledger, desks: dict[int, Desk]) -> None:
    told = verify(ledger.rpc, ledger.contract).as_json()
    assert told["holds"] is True
    assert told["counts"]["entries"] == 181
    assert told["contract"] == hex_of(ledger.contract)
    assert told["not_proven"]
