"""What a chain of others does: reorgs, lost transactions, and a connection that is as bad as one can be."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from ledger_service.chain.codec import decode_post
from ledger_service.chain.rpc import RpcFault
from ledger_service.domain.batches import SignedBatch
from scripts.faults.check import check
from scripts.faults.fault import KILLS, OTHERS, REORGS, Fault
from scripts.faults.model import Violation
from scripts.faults.outside import BLOCK_SECONDS
from scripts.faults.proxy import FAULTS
from scripts.faults.quiet import quiet_charge, try_quiet_post
from scripts.faults.schedule import Event
from scripts.faults.stage import Stage, StageBroken, ask, wait_until

REORG, REORG_SEEN, REORG_BETWEEN = "reorg", "reorg of what was seen", "reorg between two looks"
CONFIRMATIONS = 6
REORG_DEPTH_MAX = 4
BETWEEN_SECONDS_MAX = 60
DEEP_TRIES_MAX = 3
ALARM_SECONDS_MAX = 60
PROXY_PERCENT = 5
ABOUT_PERCENT = 40
LIES_ABOUT = "lies about "
LOST_PERCENT = 15
SLOW_BLOCK_SECONDS = 4.0
BAD_SECONDS = 2.0
LIES_TOLD = 3
LIES_SECONDS_MAX = 10.0
MET_SECONDS_MAX = 60
POOL_SECONDS_MAX = 20
POOL_POLL_SECONDS = 0.05
DROPPED_OF = {"first": 1, "middle": 3, "all": 2}
"""How many have to wait, at least."""
LOOKS_MAX = 3
AGAIN_SECONDS_MAX = 60


class Reorg(Fault):
    """F4: the last one to four blocks are replaced by empty ones, under load: at once, or when the service has seen them, or between its look at the
    last block and its reading of the next ones, which then follow another block.

    At the end of the round so many that final batches vanish.
    """

    name = "reorg"
    stage = "outside"
    strikes = 26
    operations = 150

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [
            Event(
                dice.uniform(0.1, 0.4),
                dice.choice((REORG, REORG_SEEN, REORG_BETWEEN)),
                (float(dice.randint(1, REORG_DEPTH_MAX)),),
            )
            for _ in range(strikes)
        ]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        depth = int(event.how[0])
        if event.what == REORG_SEEN:
            stage.chain.reorg_seen(depth)
        elif event.what == REORG_BETWEEN:
            stage.chain.reorg_between(depth, lambda replace: _between_two_looks(stage, replace))
        else:
            stage.chain.reorg(depth)
        tally[REORGS] += 1

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """Two deeper than the policy, when all is quiet: an alarm, everything posted again, and nothing paid twice."""
        found = self._take_away_final(stage, tally, lambda replace: replace())
        return found or self._take_away_final(stage, tally, lambda replace: _between_two_looks(stage, replace))

    def _take_away_final(
        self, stage: Stage, tally: Counter[str], when: Callable[[Callable[[], None]], None]
    ) -> Sequence[Violation]:
        for _ in range(DEEP_TRIES_MAX):
            quiet_charge(stage)
            wait_until(lambda: _is_settled(stage), "a charge is final")
            if stage.chain.take_away_last(CONFIRMATIONS, when):
                break
        else:
            raise StageBroken(f"{DEEP_TRIES_MAX} reorgs, and the chain kept the block of a charge that is final")
        tally[REORGS] += 1
        tally["final batches taken away"] += 1
        try:
            wait_until(lambda: _alarm(stage) is not None, "an alarm", ALARM_SECONDS_MAX)
            wait_until(lambda: _posted_again(stage), "what was final is posted again", ALARM_SECONDS_MAX)
        except StageBroken as error:
            return [Violation("alarm", f"a block with a final batch was replaced, and {error}")]
        wait_until(lambda: _is_acknowledged(stage), "the coin office has looked into the reorg", ALARM_SECONDS_MAX)
        return check(stage, float("inf")).violations


class Drop(Fault):
    """F5: transactions vanish from the node's pool: one, one in the middle, all."""

    name = "drop"
    stage = "outside"
    strikes = 10
    operations = 80

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        what = [tuple(DROPPED_OF)[at % len(DROPPED_OF)] for at in range(strikes)]
        dice.shuffle(what)
        return [Event(dice.uniform(0.2, 0.5), one) for one in what]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        with stage.chain.mining:  # no block is made meanwhile
            dropped = self._drop(stage, event.what)
            if not dropped:
                stage.model.violate("work", f"nothing could be dropped: {event.what} of {stage.chain.pool()}")
                return
            tally[OTHERS] += 1
            looks = stage.proxy.looks
            begun = time.monotonic()
            while True:
                seen, missing = stage.proxy.looks - looks, dropped - {sent for _, sent in stage.chain.pool()}
                if not missing:
                    return
                if seen > LOOKS_MAX or time.monotonic() - begun > AGAIN_SECONDS_MAX:
                    said = f"not sent again, the same bytes, within {LOOKS_MAX} looks at the chain"
                    stage.model.violate(
                        "lost", f"{len(missing)} of {len(dropped)} dropped transactions: {said}", event.what
                    )
                    return
                time.sleep(POOL_POLL_SECONDS)

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        return sent_twice(stage)

    def _drop(self, stage: Stage, what: str) -> set[str]:
        """The hashes that are gone from the pool, as soon as enough wait in it: one in the middle has one before and one after it."""
        deadline = time.monotonic() + POOL_SECONDS_MAX
        while time.monotonic() < deadline:
            waiting = [sent for _, sent in stage.chain.pool()]
            if len(waiting) < DROPPED_OF[what]:
                time.sleep(POOL_POLL_SECONDS)
            elif what == "all":
                stage.chain.call("anvil_dropAllTransactions")
                return set(waiting)
            else:
                chosen = waiting[len(waiting) // 2 if what == "middle" else 0]
                with contextlib.suppress(RpcFault):
                    if stage.chain.call("anvil_dropTransaction", chosen):
                        return {chosen}
        return set()


class BadConnection(Fault):
    """F6: requests and replies are lost, answered 502 after they were forwarded, held, repeated, cut, numbered otherwise, forged: 5 % each."""

    name = "proxy"
    stage = "outside"
    strikes = 4
    operations = 150

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        about = itertools.cycle(("eth_getLogs", "", "eth_getTransactionCount", "", "eth_call", ""))
        return [self._event(dice, method) for method, _ in zip(about, range(strikes), strict=False)]

    def _event(self, dice: random.Random, method: str) -> Event:
        seed = float(dice.randrange(2**32))
        if method:
            return Event(0.0, LIES_ABOUT + method, (seed, "lie"))
        return Event(0.0, "a bad connection", (seed, *self._kinds(dice)))

    def _kinds(self, dice: random.Random) -> Sequence[str]:
        """All at once, or some: with nine of them one call in two fails, a pass hardly ever ends, and what comes late in one is not met."""
        return FAULTS if dice.randrange(4) == 0 else ["lie", *dice.sample(FAULTS[:-1], 2)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        proxy = stage.proxy
        seed, *kinds = event.how
        proxy.only = event.what.removeprefix(LIES_ABOUT) if event.what.startswith(LIES_ABOUT) else ""
        proxy.dice = random.Random(int(seed))  # noqa: S311
        percent = ABOUT_PERCENT if proxy.only else PROXY_PERCENT
        proxy.percent = {str(kind): float(percent) for kind in kinds}
        begun = time.monotonic()
        enough = begun + (LIES_SECONDS_MAX if proxy.only else BAD_SECONDS)
        while proxy.tally[f"lied: {proxy.only}"] < LIES_TOLD and time.monotonic() < enough:
            time.sleep(BLOCK_SECONDS)
        _take_tally(stage, tally, f"lied: {proxy.only}" if proxy.only else "", event.what)

    def end(self, stage: Stage) -> None:
        stage.proxy.calm()

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        """Nothing that was only said became final, and no desk was stopped for it."""
        stage.lied_to_until = int(stage.chain.call("eth_blockNumber"), 16)
        tally[OTHERS] += sum(tally[name] for name in FAULTS)
        _, status = ask(stage.service.port, "/api/v1/status", stage.world.tokens["office"])
        findings = json.loads(status["chain_detail"] or "{}").get("findings", {}) if status else {}
        stopped = [text for subject, text in findings.items() if subject.startswith("desk ")]
        return [Violation("state", f"a desk was stopped for a lie: {text}") for text in stopped]


class LostReplies(Fault):
    """F6, without lies: sends arrive and their answers do not, and no block comes for some seconds, so that nothing else tells what became of them.

    Each batch still goes in one transaction.
    """

    name = "replies"
    stage = "outside"
    strikes = 6
    operations = 100

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [Event(0.0, "lose replies", (float(dice.randrange(2**32)),)) for _ in range(strikes)]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        proxy = stage.proxy
        proxy.dice = random.Random(int(event.how[0]))  # noqa: S311
        proxy.only = "eth_sendRawTransaction"
        proxy.percent = dict.fromkeys(("lose reply", "bad gateway", "lose request"), float(LOST_PERCENT))
        with stage.chain.mining:
            time.sleep(SLOW_BLOCK_SECONDS)
            _take_tally(stage, tally, "", event.what)

    def end(self, stage: Stage) -> None:
        stage.proxy.calm()

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        tally[OTHERS] += sum(tally[name] for name in FAULTS)
        return sent_twice(stage)


class KillOutside(Fault):
    """F1 on a chain of others: kill -9 of the service, with reorgs in between."""

    name = "kill+reorg"
    stage = "outside"
    strikes = 10
    operations = 60

    def plan(self, dice: random.Random, strikes: int) -> Sequence[Event]:
        return [
            Event(dice.uniform(0.05, 0.4), "kill, reorg", (float(dice.randint(1, REORG_DEPTH_MAX)),))
            for _ in range(strikes)
        ]

    def strike(self, stage: Stage, event: Event, tally: Counter[str]) -> None:
        stage.service.kill()
        tally[KILLS] += 1
        stage.chain.reorg(int(event.how[0]))
        tally[REORGS] += 1
        stage.service.start()
        stage.service.wait()

    def after(self, stage: Stage, tally: Counter[str]) -> Sequence[Violation]:
        return sent_twice(stage)


def _take_tally(stage: Stage, tally: Counter[str], what: str, event: str) -> None:
    """Count what the proxy did, as soon as it did something (of one kind, where `what` names it): else nothing was broken."""
    proxy, deadline = stage.proxy, time.monotonic() + MET_SECONDS_MAX
    while not (proxy.tally[what] if what else proxy.tally.total()):
        if time.monotonic() > deadline:
            stage.model.violate("work", f"the proxy did nothing in {MET_SECONDS_MAX} s", event)
            return
        time.sleep(BLOCK_SECONDS)
    tally.update(proxy.tally)
    proxy.tally.clear()


def _between_two_looks(stage: Stage, act: Callable[[], None]) -> None:
    """`eth_blockNumber` stands between the look at the last block, with which a pass begins, and the reading of the next ones."""
    stage.proxy.interrupt("eth_blockNumber", act, BETWEEN_SECONDS_MAX)


def sent_twice(stage: Stage) -> list[Violation]:
    """Batches that two transactions of the chain carry: after a fault the same bytes go again, with their nonce, and nothing else does.

    The contract takes the second for a replay, so no balance tells; but a service that makes new transactions when it does not know what became
    of the old ones relies on its last guard alone. Not asked of blocks whose node lied about nonces.
    """
    carried: dict[tuple[int, int], set[str]] = defaultdict(set)
    for number in range(stage.lied_to_until + 1, int(stage.chain.call("eth_blockNumber"), 16) + 1):
        block = stage.chain.call("eth_getBlockByNumber", hex(number), True)
        for transaction in block["transactions"]:
            for signed in _batches(transaction):
                carried[signed.batch.desk, signed.batch.seq].add(transaction["hash"])
    return [
        Violation("doubled", f"batch {seq} of desk {desk} was sent in {len(hashes)} transactions")
        for (desk, seq), hashes in carried.items()
        if len(hashes) > 1
    ]


def _batches(transaction: dict[str, Any]) -> Sequence[SignedBatch]:
    try:
        return decode_post(bytes.fromhex(transaction["input"].removeprefix("0x")))
    except ValueError:  # no call of `post`
        return ()


def _alarm(stage: Stage) -> int | None:
    """The open finding about a reorg."""
    _, shown = ask(stage.service.port, "/api/v1/findings?state=open", stage.world.tokens["office"])
    return next((one["id"] for one in (shown or {}).get("findings", ()) if one["subject"] == "reorg"), None)


def _is_acknowledged(stage: Stage) -> bool:
    """Whether the coin office has closed the finding, which is refused until the books have read what was posted again."""
    finding = _alarm(stage)
    if finding is not None:
        try_quiet_post(stage, "office", f"/api/v1/findings/{finding}/acknowledge", b'{"reason": "looked into"}')
        return False
    _, shown = ask(stage.service.port, "/api/v1/status", stage.world.tokens["office"])
    return (shown or {}).get("chain_state") == "ready"


def _is_settled(stage: Stage) -> bool:
    status, shown = ask(stage.service.port, "/api/v1/status", stage.world.tokens["office"])
    return status == 200 and bool(shown["settled"])


def _posted_again(stage: Stage) -> bool:
    _, books = ask(stage.service.port, "/api/v1/status", stage.world.tokens["office"])
    sent = int(stage.chain.call("eth_blockNumber"), 16)
    return bool(books) and books["settled"] and sent >= 0 and _posts_on_chain(stage) == books["batches"]["final"]


def _posts_on_chain(stage: Stage) -> int:
    from ledger_service.chain.contract import LedgerContract

    contract = bytes.fromhex(stage.service.runtime()["contract"].removeprefix("0x"))
    return LedgerContract(stage.chain.rpc, contract).status("latest").posts
