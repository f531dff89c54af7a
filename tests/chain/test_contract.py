"""The contract's views and the calldata, on the real contract."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode

from ledger_service.chain.anvil import STATES_KEPT
from ledger_service.chain.codec import (
    BATCH_TOPICS,
    TRANSFER,
    BatchPosted,
    BatchRefused,
    EntrySkipped,
    OrderApplied,
    Refusal,
    Transfer,
    decode_post,
    encode_post,
)
from ledger_service.chain.contract import AccountSlot, ChainLies, LedgerContract, Status
from ledger_service.chain.identity import NotOurChain
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.chain.signing import recover
from ledger_service.chain.transactions import SendFault, broadcast, meaning_of, nonce_of, receipts_of, suggest_fees
from ledger_service.domain.batches import Need, annex_of, proof_item
from ledger_service.domain.entries import Entry, Kind, Skip, desk_account, fund_account
from ledger_service.domain.hashing import keccak, word
from tests.chain.fake_node import FakeNode
from tests.chain.world import (
    CENTRE,
    DESK_KEYS,
    MONTH,
    SENDER,
    TODAY,
    TREASURY,
    VENUE,
    World,
    account,
    credits,
    send_and_wait,
    setup_orders,
)


def test_orders_of_the_setup_apply(world: World) -> None:
    latest = int(world.rpc.call("eth_blockNumber"), 16)
    events = world.contract.logs(0, latest, BATCH_TOPICS)
    applied = [event for event in events if isinstance(event, OrderApplied)]
    assert [(event.index, event.code) for event in applied] == [
        (index, order.code) for index, order in enumerate(setup_orders())
    ]
    assert world.contract.status("latest") == Status(1, TODAY, TODAY + 300, False, False)


def test_the_digest_in_python_is_the_contracts(world: World) -> None:
    signed = world.batch(CENTRE, credits(70), needs=(Need(0, 1),))
    call = keccak(b"digest((uint16,uint32,uint16,bytes32,bytes32,(uint16,uint32)[],bytes32[],bytes,bytes[]))")[:4]
    data = call + word(32) + encode_post([signed])[4 + 96 :]
    answer = world.rpc.call(
        "eth_call", [{"to": "0x" + world.contract.address.hex(), "data": "0x" + data.hex()}, "latest"]
    )
    head = signed.batch.digest(world.domain)
    assert bytes.fromhex(answer[2:]) == head
    assert recover(head, signed.signatures[0]) == DESK_KEYS[CENTRE].address


def test_posted_credits_show_in_every_view(world: World) -> None:
    signed = world.batch(CENTRE, [*credits(3), Entry(bytes(20), Kind.CREDIT, 1, 60, TODAY, 9)])
    receipt = world.post(signed)
    head = signed.batch.digest(world.domain)
    contract = world.contract
    assert contract.head_of(CENTRE, 1, receipt.block_hash) == head
    assert contract.head_of(CENTRE, 2, "latest") == bytes(32)
    tips = contract.tips([0, CENTRE, VENUE, 77], receipt.block_number)
    assert tips[CENTRE].next_seq == 2
    assert (tips[CENTRE].head, tips[CENTRE].day) == (head, TODAY)
    assert tips[VENUE].next_seq == 1
    assert tips[77].next_seq == 0
    assert contract.skips_of(CENTRE, 1, "latest") == [3]
    assert contract.totals("latest").credited == contract.totals("latest").supply == 3
    assert contract.slots_of([account(0), account(99)], "latest") == [
        AccountSlot(1, 0, 1, 0, MONTH, False, False),
        AccountSlot(0, 0, 0, 0, 0, False, False),
    ]
    events = contract.logs(receipt.block_number, receipt.block_number, [*BATCH_TOPICS, TRANSFER])
    assert [type(event) for event in events] == [Transfer, Transfer, Transfer, EntrySkipped, BatchPosted]
    assert [event.coins for event in events if isinstance(event, Transfer)] == [1, 1, 1]
    skipped = events[3]
    assert isinstance(skipped, EntrySkipped)
    assert (skipped.index, skipped.reason) == (3, Skip.BAD_ACCOUNT)
    assert events[4].position.block_hash == receipt.block_hash
    assert events[4].position.transaction_hash == receipt.transaction_hash


def test_money_moves_and_is_owed(world: World) -> None:
    world.post(world.batch(CENTRE, credits(1, units=480)))
    redeem = world.batch(VENUE, [Entry(account(0), Kind.REDEEM, 0, 5, TODAY, 2)], needs=(Need(CENTRE, 1),))
    donate = world.batch(TREASURY, [Entry(account(0), Kind.DONATE, 1, 1, TODAY, 3)], needs=(Need(CENTRE, 1),))
    world.post(redeem, donate)
    refund = Entry(account(0), Kind.REFUND, 0, 2, TODAY, 1)
    world.post(world.batch(VENUE, [refund], annex=annex_of([proof_item(redeem.batch, 0)])))
    venue, fund = desk_account(VENUE), fund_account(1)
    assert [slot.coins for slot in world.contract.slots_of([account(0), venue, fund], "latest")] == [4, 3, 1]
    assert world.contract.krw_due_of([venue, fund, account(0)], "latest") == [300, 100, 0]


def test_two_thousand_slots_are_read_in_order(world: World) -> None:
    for number in range(4):
        world.post(world.batch(CENTRE, credits(500, first=500 * number, units=60 * (number + 1))))
    accounts = [account(number) for number in range(2_500)]
    slots = world.contract.slots_of(accounts, "latest")
    assert [slot.coins for slot in slots] == [1] * 500 + [2] * 500 + [3] * 500 + [4] * 500 + [0] * 500
    assert world.contract.slots_of([], "latest") == []


def test_a_refused_batch_tells_why(world: World) -> None:
    world.batch(CENTRE, credits(1))
    later = world.batch(CENTRE, credits(1))
    receipt = world.post(later)
    (event,) = world.contract.logs(receipt.block_number, receipt.block_number, BATCH_TOPICS)
    assert isinstance(event, BatchRefused)
    assert (event.reason, event.value, event.head) == (Refusal.GAP, 1, later.batch.digest(world.domain))


def test_calldata_is_read_back_from_the_chain(world: World) -> None:
    batches = [world.batch(CENTRE, credits(40)), world.batch(VENUE, [Entry(account(0), 2, 0, 1, TODAY, 1)])]
    receipt = world.post(*batches)
    shown = world.rpc.call("eth_getTransactionByHash", ["0x" + receipt.transaction_hash.hex()])
    assert decode_post(bytes.fromhex(shown["input"][2:])) == batches


def test_every_read_names_its_block(world: World) -> None:
    before = int(world.rpc.call("eth_blockNumber"), 16)
    world.post(world.batch(CENTRE, credits(1)))
    assert world.contract.status(before).posts == 1
    assert world.contract.status("latest").posts == 2
    world.rpc.call("anvil_mine", [hex(STATES_KEPT + 1)])
    with pytest.raises(RpcFault):
        world.contract.status(before)


def test_a_reorged_block_named_by_hash_is_refused(world: World) -> None:
    receipt = world.post(world.batch(CENTRE, credits(1)))
    assert world.contract.status(receipt.block_hash).posts == 2
    world.rpc.call("anvil_reorg", [1, []])
    with pytest.raises(RpcFault):
        world.contract.status(receipt.block_hash)


def test_an_address_without_contract_is_not_our_chain(world: World) -> None:
    with pytest.raises(NotOurChain):
        LedgerContract(world.rpc, b"\x01" * 20).status("latest")


@pytest.mark.parametrize("told", ["0x1234", "0x" + "00" * 31, "nonsense", None, "0x" + "00" * 320])
def test_a_view_that_returns_something_else_is_a_lie(node: FakeNode, world: World, told: object) -> None:
    node.forward(world.rpc.url, lambda method, _params, result: told if method == "eth_call" else result)
    with Rpc(node.url) as liar:
        contract = LedgerContract(liar, world.contract.address)
        with pytest.raises(ChainLies):
            contract.status("latest")
        with pytest.raises(ChainLies):
            contract.slots_of([account(0)], "latest")


@pytest.mark.parametrize(
    "change",
    [{"address": "0x" + "01" * 20}, {"address": None}, {"blockNumber": "0x99"}, {"data": "0x"}, {"topics": ["0x00"]}],
    ids=str,
)
def test_logs_that_were_not_asked_for_are_a_lie(node: FakeNode, world: World, change: dict[str, object]) -> None:
    receipt = world.post(world.batch(CENTRE, credits(1)))
    node.forward(
        world.rpc.url,
        lambda method, _params, result: [log | change for log in result] if method == "eth_getLogs" else result,
    )
    with Rpc(node.url) as liar, pytest.raises(ChainLies):
        LedgerContract(liar, world.contract.address).logs(receipt.block_number, receipt.block_number, BATCH_TOPICS)


class TestSending:
    def test_the_nodes_words_are_understood(self, world: World) -> None:
        data = encode_post([])
        sent = world.sign(data)
        send_and_wait(world.rpc, sent.raw)
        assert self.refusal(world, sent.raw) is SendFault.NONCE_USED
        world.rpc.call("evm_setAutomine", [False])
        waiting = world.sign(data)
        broadcast(world.rpc, waiting.raw)
        assert self.refusal(world, waiting.raw) is SendFault.KNOWN
        assert self.refusal(world, world.sign(encode_post([]) + b"\0", nonce=3).raw) is SendFault.UNDERPRICED
        world.rpc.call("evm_mine")
        world.rpc.call("evm_setAutomine", [True])
        world.rpc.call("anvil_setBalance", ["0x" + SENDER.address.hex(), "0x1"])
        assert self.refusal(world, world.sign(data).raw) is SendFault.UNFUNDED

    @staticmethod
    def refusal(world: World, raw: bytes) -> SendFault:
        with pytest.raises(RpcFault) as raised:
            broadcast(world.rpc, raw)
        return meaning_of(raised.value)

    def test_nonce_receipts_and_fees_are_read(self, world: World) -> None:
        receipt = world.post(world.batch(CENTRE, credits(1)))
        assert nonce_of(world.rpc, SENDER.address, "latest") == 3
        assert receipts_of(world.rpc, [receipt.transaction_hash, b"\x01" * 32]) == [receipt, None]
        fees = suggest_fees(world.rpc)
        assert fees.max_fee >= fees.max_priority_fee >= 0

    def test_a_reverted_post_says_so(self, world: World) -> None:
        assert not world.send(encode_post([])[:30]).succeeded
        assert not world.send(b"").succeeded


def test_eth_abi_reads_the_same_slots(world: World) -> None:
    world.post(world.batch(CENTRE, credits(2)))
    call = keccak(b"slotsOf(address[])")[:4] + encode(["address[]"], [[account(0), account(1)]])
    answer = world.rpc.call(
        "eth_call", [{"to": "0x" + world.contract.address.hex(), "data": "0x" + call.hex()}, "latest"]
    )
    assert len(answer) == 2 + 64 * 4
