"""The loops: one thread keeps the books sealed and signed, one carries them to the chain and back. Steps can also be called by hand."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ledger_service.chain.contract import ChainLies
from ledger_service.chain.hexes import hex_of, number_of
from ledger_service.chain.identity import NotOurChain
from ledger_service.chain.reader import ChainMoved
from ledger_service.chain.rpc import RpcFault, RpcUnavailable, read_answer
from ledger_service.errors import BoramError
from ledger_service.journal.poster_lease import NotPosting
from ledger_service.posting.adoption import Adoption
from ledger_service.posting.close_statements import CloseStatements
from ledger_service.posting.desk_signatures import DeskSignatures
from ledger_service.posting.findings import Findings
from ledger_service.posting.follower import Follower
from ledger_service.posting.gate import Gate
from ledger_service.posting.kept_logs import KeptLogs
from ledger_service.posting.not_landed import NotLanded
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.posting.progress import Progress, no_progress
from ledger_service.posting.read_back import ReadBack
from ledger_service.posting.rebuild import RebuildDiffers, prepare_chain, rebuild
from ledger_service.posting.resealing import Resealing
from ledger_service.posting.sealed_json import drop_left_over
from ledger_service.posting.sealer import Carried, Sealer
from ledger_service.posting.sender import Sender
from ledger_service.posting.three_way import ThreeWay
from ledger_service.posting.watch import Watch

POLL_SECONDS = 1.0  # how long a chain may be another one before posting sees it
PACE_SECONDS = 0.2  # under load a pass takes what gathered meanwhile, rather than one charge after the other,
PACE_SECONDS_MAX = 1.0  # and the longer the load lasts, the more of it
BACK_OFF_SECONDS_MAX = 5.0  # a node that is back is used within that time
CATCH_UP_TRIES_MAX = 20
MOVES_MAX = (
    20  # passes on end in which blocks were replaced while they were read: no chain, but a node that contradicts itself
)
IDLE_LOOKS_MAX = 60  # seconds in which nothing lands that a bundle waits for: then it is named, and the service starts
QUIET_PASSES_MAX = 10_000
PURSE_SECONDS = 30
LOGS_KEPT_SECONDS = 60

_log = logging.getLogger(__name__)


class Poster:
    """All steps of posting, each callable by itself."""

    def __init__(self, context: PostingContext, chain: ChainAccess) -> None:
        self.context = context
        self.chain = chain
        self.findings = Findings(context.journal, context.clock)
        carried, self.gate = Carried(), Gate()
        self.logs = KeptLogs(context)
        self.sealer = Sealer(context, carried, self.findings, self.gate, self.logs)
        self.signatures = DeskSignatures(context, carried, self.findings, self.gate)
        self.statements = CloseStatements(context, self.findings)
        self.read_back = ReadBack(context, chain, self.findings, self.logs)
        self.not_landed = NotLanded(context, chain, self.findings, self.read_back)
        self.follower = Follower(context, chain, self.findings, self.read_back, self.gate)
        self.resealing = Resealing(context, self.findings)
        self.adoption = Adoption(context, chain, self.findings, self.follower)
        self.sender = Sender(context, chain, self.findings, self.follower)
        self.three_way = ThreeWay(context, chain, self.findings)
        self.watch = Watch(context, chain, self.findings)
        self._purse_seen_at = 0
        self._logs_kept_at = context.clock.now()

    def prepare(self, progress: Progress = no_progress, sleep: Callable[[float], None] = time.sleep) -> None:
        """Have a chain that the books belong to, and books that have read it. Raises NotOurChain, RebuildDiffers, RpcUnavailable.

        Books of an old backup wait here until what they miss is final: before that nothing may be accepted either.
        """
        self.findings.say("rebuilding")
        drop_left_over(self.context.bundles_folder)
        try:
            prepare_chain(self.context, self.chain, progress)
            self.catch_up(progress)
            self._wait_until_read(progress, sleep)
        except NotOurChain as error:
            self.findings.say("wrong_chain", error.message)
            raise
        except RpcUnavailable as error:
            self.findings.say("chain_down", error.message)
            raise
        self.findings.say("ready")

    def _wait_until_read(self, progress: Progress, sleep: Callable[[float], None]) -> None:
        """Until what the books miss is final, and what only bundles hold is taken: coins have to be final before a bundle spends them."""
        idle = 0
        while self.gate.is_waiting or self.not_landed.is_waiting:
            if self.gate.is_waiting:
                self.findings.say("rebuilding", "the chain has batches that the books miss and that are not final yet")
                sleep(POLL_SECONDS)
            else:
                self.findings.say("rebuilding", "batches that were lost with the books are posted again")
                self.sender.send_step()
                idle = 0 if self.follower.follow_step() else idle + 1
                if idle:
                    sleep(POLL_SECONDS)
            self.catch_up(progress, is_last=idle >= IDLE_LOOKS_MAX)

    def catch_up(self, progress: Progress = no_progress, *, is_last: bool = False) -> None:
        """Read all that the chain has, and what only bundles have, before anything is sealed, signed, or accepted: the books may be of an old
        backup, or lost. `is_last`: what waits in bundles is named and left.
        """
        self.read_back.bring_logs_back()
        for tries_left in reversed(range(CATCH_UP_TRIES_MAX)):
            self.watch.check()
            try:
                self.follower.read_all(progress)
                break
            except ChainMoved:  # blocks were replaced meanwhile: what the watch forgets is read again
                if not tries_left:
                    raise
        if self.gate.is_waiting:  # what is on the chain comes first
            self.gate.hold(self.not_landed.desks_ahead())
        else:
            self.not_landed.take(is_last=is_last)
            self.gate.hold(())
        if not self.not_landed.is_waiting:
            self.read_back.finish()
            self.gate.open()

    def books_pass(self) -> int:
        """Seal and sign; how many batches and closing statements moved. Nothing before the chain was read once."""
        if not self.gate.is_open or self.gate.is_holding:
            self.catch_up()
        done = self.statements.sign_step() + self.sealer.seal_step() + self.signatures.sign_step()
        self._keep_the_logs()
        return done

    def _keep_the_logs(self) -> None:
        """What was done and no seal has followed is on the disk within a minute, too."""
        now = self.context.clock.now()
        if now - self._logs_kept_at >= LOGS_KEPT_SECONDS:
            self._logs_kept_at = now
            self.logs.chain()

    def last_pass(self) -> int:
        """Have on the disk what was done in the last minute, before the service ends: whoever ends it may move its home."""
        if self.gate.is_open:
            self.logs.chain()
        return 0

    def chain_pass(self) -> int:
        """See that the chain is ours, send, and follow; how much was done. A lost embedded chain is made again first.

        Raises NotOurChain where an external chain is another one, RpcUnavailable, RpcFault, ChainLies.
        """
        try:
            self.watch.check()
        except NotOurChain:
            if self.chain.embedded is None:
                raise
            self._rebuild()
        except RpcUnavailable:
            if self.chain.embedded is None or self.chain.embedded.is_alive():
                raise
            self._rebuild()
        done = (
            self.sender.send_step()
            + self.follower.follow_step()
            + self.read_back.return_missing()
            + self.adoption.step()
            + self.resealing.step()
            + self.three_way.check_step()
        )
        self._look_at_the_purse()
        return done

    def _look_at_the_purse(self) -> None:
        """What the sender can still pay fees with, now and then."""
        now = self.context.clock.now()
        if now - self._purse_seen_at >= PURSE_SECONDS:
            self._purse_seen_at = now
            balance = self.chain.rpc.call("eth_getBalance", [hex_of(self.chain.sender.address), "latest"])
            self.findings.measures.set("sender_balance_wei", read_answer(number_of, balance))

    def run_until_quiet(self, passes_max: int = QUIET_PASSES_MAX) -> int:
        """Pass after pass until there is nothing to do; how many. For tests and the bench: errors come out."""
        for passes in range(passes_max):
            if self.books_pass() + self.chain_pass() == 0:
                self.findings.say("ready")
                return passes
        raise RuntimeError(f"posting was not quiet after {passes_max} passes")

    def _rebuild(self) -> None:
        self.findings.say(
            "rebuilding", loop="chain", message="the embedded chain ended and is made again from the books"
        )
        rebuild(self.context, self.chain, no_progress)


class PostingLoops:
    """The threads. `wake` from any thread when there is work; `stop` returns when both have ended."""

    def __init__(self, poster: Poster, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.poster = poster
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._books_work = threading.Event()
        self._chain_work = threading.Event()
        self._threads: list[threading.Thread] = []
        self._moves = 0

    def start(self) -> None:
        """Start both loops. The chain was prepared before."""
        poster = self.poster
        for name, work, one_pass, is_bulk in (
            ("posting-books", self._books_work, self.books_pass, lambda: poster.sealer.is_bulk),
            ("posting-chain", self._chain_work, self.chain_pass, lambda: poster.sender.is_bulk),
        ):
            thread = threading.Thread(target=self._run, args=(work, one_pass, is_bulk), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Something was accepted."""
        self._books_work.set()

    def stop(self) -> None:
        """End both loops after the step they are in, and keep the logs once more."""
        self._stopping.set()
        self._books_work.set()
        self._chain_work.set()
        for thread in self._threads:
            thread.join()
        if self._threads:
            self.try_pass(self.poster.last_pass)
        self._threads.clear()

    def _run(self, work: threading.Event, one_pass: Callable[[], int], is_bulk: Callable[[], bool]) -> None:
        failures, streak = 0, 0
        while not self._stopping.is_set():
            work.clear()
            started = self._monotonic()
            done = self.try_pass(one_pass)
            failures = failures + 1 if done is None else 0
            streak = streak + 1 if done else 0
            if done is None:
                self._stopping.wait(min(POLL_SECONDS * 2 ** min(failures - 1, 10), BACK_OFF_SECONDS_MAX))
            elif done == 0:
                work.wait(POLL_SECONDS)
            else:
                work.set()  # there may be more; of a bulk there is, and it is taken without a pause
                if not is_bulk():
                    pace = min(PACE_SECONDS * streak, PACE_SECONDS_MAX)
                    self._stopping.wait(max(pace - (self._monotonic() - started), 0))

    def books_pass(self) -> int:
        """Seal and sign."""
        done = self.poster.books_pass()
        self.poster.findings.say("ready", loop="books")
        if done:
            self._chain_work.set()
        return done

    def chain_pass(self) -> int:
        """Send and follow."""
        done = self.poster.chain_pass()
        self._moves = 0
        self.poster.findings.say("ready", loop="chain")
        return done

    def try_pass(self, one_pass: Callable[[], int]) -> int | None:
        """One pass; None where it failed, with the reason in the status row. The other loop does not say ready over it."""
        loop = "books" if one_pass == self.books_pass else "chain"
        try:
            return one_pass()
        except ChainMoved as error:  # the next look tells what is still there
            self._moves += 1
            if self._moves < MOVES_MAX:
                return 0
            self._failed(loop, "chain_lies", error)
        except NotPosting:
            _log.warning("another process posts: nothing was written")
            return None
        except NotOurChain as error:
            self._failed(loop, "wrong_chain", error)
        except (RpcUnavailable, RpcFault) as error:
            self.poster.findings.measures.count_rpc_error("fault" if isinstance(error, RpcFault) else "unavailable")
            self._failed(loop, "chain_down", error)
        except ChainLies as error:
            self.poster.findings.measures.count_rpc_error("lies")
            self._failed(loop, "chain_lies", error)
        except RebuildDiffers as error:
            self._failed(loop, "books_differ", error)
        except Exception as error:  # noqa: BLE001  the books' database may be restarting: a loop that ended would never post again
            _log.exception("a pass of posting failed")
            self._failed(loop, "failing", error)
        return None

    def _failed(self, loop: str, state: str, error: Exception) -> None:
        message = error.message if isinstance(error, BoramError) else type(error).__name__
        try:
            self.poster.findings.say(state, message, loop=loop)
        except Exception:  # noqa: BLE001  the status row is in the database that may be away
            _log.exception("the status could not be written")
