"""The naive peer: an ERC-20 of OpenZeppelin, one mint a transaction, each waited for, with web3.py as its pages show it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger_service.chain.anvil import EmbeddedChain, find_anvil, fund
from ledger_service.chain.rpc import Rpc
from scripts.benchmarks.measure import ROOT, Agreement, Memory, Size, Spent, memory_peaks, read_spent
from scripts.benchmarks.progress import Telling
from scripts.compile import artifact_text

SOURCE = Path(__file__).with_name("NaiveCoin.sol")
COINS = 5


@dataclass(frozen=True, slots=True)
class NaiveResult:
    """Gas is per mint; `spent` is from the first mint to the last receipt."""

    mints: int
    spent: Spent
    gas_existing: float
    gas_new: float
    memory: Memory
    agreements: tuple[Agreement, ...]

    @property
    def credits_per_second(self) -> float:
        """Speed."""
        return self.mints / self.spent.wall


def measure_naive(size: Size, folder: Path, telling: Telling) -> NaiveResult:
    """Mint to new accounts, then to the same again, on a fresh chain."""
    # Here, and not above: the service does without them, and its memory is measured by a process that has read this module.
    from eth_account import Account
    from web3 import HTTPProvider, Web3
    from web3.middleware import SignAndSendRawMiddlewareBuilder

    telling.begin("naive peer: one mint a transaction", size.mints)
    dice = random.Random(size.mints)  # noqa: S311  repeatable data, no secret
    owner = Account.from_key(dice.randbytes(32))
    with EmbeddedChain(find_anvil(ROOT), folder / "anvil.log") as chain:
        with Rpc(chain.url) as rpc:
            fund(rpc, bytes.fromhex(owner.address[2:]))
        web3 = Web3(HTTPProvider(chain.url))
        web3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(owner), layer=0)
        web3.eth.default_account = owner.address
        coin = _deploy(web3)
        new = [Web3.to_checksum_address(dice.randbytes(20)) for _ in range(max(size.mints // 2, 1))]
        started = read_spent(chain.pid)
        gas: list[int] = []
        for account in (*new, *new):
            gas.append(_mint(web3, coin, account))
            telling.reach(len(gas))
        spent = read_spent(chain.pid).since(started)
        mints = 2 * len(new)
        supply = Agreement("naive: supply", mints * COINS, coin.functions.totalSupply().call())
        return NaiveResult(
            mints,
            spent,
            sum(gas[len(new) :]) / len(new),
            sum(gas[: len(new)]) / len(new),
            memory_peaks(chain.pid),
            (supply,),
        )


def _deploy(web3: Any) -> Any:
    artifact = json.loads(artifact_text(SOURCE))
    factory = web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
    receipt = web3.eth.wait_for_transaction_receipt(factory.constructor().transact())
    return web3.eth.contract(address=receipt["contractAddress"], abi=artifact["abi"])


def _mint(web3: Any, coin: Any, account: str) -> int:
    receipt = web3.eth.wait_for_transaction_receipt(coin.functions.mint(account, COINS).transact())
    if receipt["status"] != 1:
        raise RuntimeError(f"a mint failed: {receipt['transactionHash'].hex()}")
    return int(receipt["gasUsed"])
