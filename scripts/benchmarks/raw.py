"""The raw limit: what the chain itself takes, when everything is signed and packed before and nobody follows."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger_service.chain.anvil import BLOCK_GAS_MAX, send_in_one_block
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.chain.transactions import broadcast
from ledger_service.domain.batches import BATCH_ENTRIES_MAX
from scripts.benchmarks.ledger import RATE_COINS, TRANSACTION_GAS, CreditingLedger, crediting_ledger, gas_used, wait_for
from scripts.benchmarks.measure import Agreement, Memory, Size, Spent, memory_peaks, read_spent
from scripts.benchmarks.progress import Telling

BATCHES_PER_TRANSACTION = (1, 2, 3)
TRANSACTIONS_PER_FULL_BLOCK = BLOCK_GAS_MAX // TRANSACTION_GAS

Send = Callable[[Rpc, Sequence[bytes]], None]


@dataclass(frozen=True, slots=True)
class RawRun:
    """One way to send. Gas is per credit, of the whole transaction."""

    batches_per_transaction: int
    transactions_per_block: str
    credits: int
    blocks: int
    spent: Spent
    gas_existing: float
    gas_new: float

    @property
    def credits_per_second(self) -> float:
        """Speed."""
        return self.credits / self.spent.wall


@dataclass(frozen=True, slots=True)
class RawResult:
    """All ways to send; `memory` is the largest of them."""

    runs: tuple[RawRun, ...]
    memory: Memory
    agreements: tuple[Agreement, ...]

    @property
    def best(self) -> RawRun:
        """The fastest with each transaction sent as it comes."""
        return max((run for run in self.runs if run.transactions_per_block == "any"), key=_speed)

    @property
    def best_in_full_blocks(self) -> RawRun:
        """The fastest where blocks are filled by hand, which only a chain of one's own allows."""
        return max((run for run in self.runs if run.transactions_per_block == "full"), key=_speed)


def _speed(run: RawRun) -> float:
    return run.credits_per_second


def measure_raw(size: Size, folder: Path, telling: Telling) -> RawResult:
    """Send a month's credits to existing accounts, a fresh chain for each way to send."""
    runs: list[RawRun] = []
    memories: list[Memory] = []
    agreements: list[Agreement] = []
    ways: list[tuple[int, str, Send]] = [
        *((batches, "any", _send_each) for batches in BATCHES_PER_TRANSACTION),
        (BATCHES_PER_TRANSACTION[-1], "full", _send_in_full_blocks),
    ]
    for batches, blocks, send in ways:
        telling.begin(f"raw limit: {batches} batches a transaction, blocks {blocks}", size.rows)
        dice = random.Random(batches)  # noqa: S311  repeatable data, no secret
        with crediting_ledger(folder, dice) as ledger:
            accounts = [dice.randbytes(20) for _ in range(size.members)]
            run, credited = _run(ledger, accounts, size.rows, batches, blocks, send)
            runs.append(run)
            memories.append(memory_peaks(ledger.chain.pid))
            slots = ledger.contract.slots_of(accounts, "latest")
            asked = credited * RATE_COINS
            agreements.append(Agreement("raw: coins of all accounts", asked, sum(slot.coins for slot in slots)))
            agreements.append(Agreement("raw: supply", asked, ledger.contract.totals("latest").supply))
    peak = Memory(max(memory.process for memory in memories), max(memory.anvil for memory in memories))
    return RawResult(tuple(runs), peak, tuple(agreements))


def _run(
    ledger: CreditingLedger, accounts: list[bytes], rows: int, batches: int, blocks: str, send: Send
) -> tuple[RawRun, int]:
    setup_block = wait_for(ledger.rpc, ledger.setup)
    opening = _transactions(ledger, accounts, len(accounts), 0, 1)  # a new account costs three times the gas
    _send_each(ledger.rpc, opening)
    first_block = wait_for(ledger.rpc, opening[-1])
    transactions = _transactions(ledger, accounts, rows, len(accounts), batches)
    started = read_spent(ledger.chain.pid)
    send(ledger.rpc, transactions)
    last_block = wait_for(ledger.rpc, transactions[-1])
    spent = read_spent(ledger.chain.pid).since(started)
    run = RawRun(
        batches,
        blocks,
        rows,
        last_block - first_block,
        spent,
        gas_used(ledger.rpc, first_block + 1, last_block) / rows,
        gas_used(ledger.rpc, setup_block + 1, first_block) / len(accounts),
    )
    return run, len(accounts) + rows


def _transactions(
    ledger: CreditingLedger, accounts: list[bytes], count: int, first_line: int, batches: int
) -> list[bytes]:
    """Signed transactions that credit `count` times, one account after another and again from the first."""
    chosen = [accounts[index % len(accounts)] for index in range(count)]
    signed = [
        ledger.credit(chosen[start : start + BATCH_ENTRIES_MAX], first_line + start)
        for start in range(0, count, BATCH_ENTRIES_MAX)
    ]
    return [ledger.transaction(signed[start : start + batches]) for start in range(0, len(signed), batches)]


def _send_each(rpc: Rpc, transactions: Sequence[bytes]) -> None:
    for raw in transactions:
        broadcast(rpc, raw)


def _send_in_full_blocks(rpc: Rpc, transactions: Sequence[bytes]) -> None:
    for start in range(0, len(transactions), TRANSACTIONS_PER_FULL_BLOCK):
        answers = send_in_one_block(rpc, transactions[start : start + TRANSACTIONS_PER_FULL_BLOCK])
        for answer in answers:
            if isinstance(answer, RpcFault):
                raise answer
