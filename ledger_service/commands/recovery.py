"""`boram chain restore`: a lost chain is made again from the books. `boram books rebuild`: lost books are read back from the chain."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import typer

from ledger_service.bootstrap.installation import Installation, installed
from ledger_service.chain.hexes import hex_of
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.show import complain, progress_bar, say, words
from ledger_service.commands.up import chain_access, posting_context
from ledger_service.config import Settings, read_settings
from ledger_service.journal.poster_lease import poster_books
from ledger_service.posting.loops import Poster
from ledger_service.posting.rebuild import post_again, restore

GONE = (
    (
        "who acts, and their tokens: add them again with boram actor add",
        "사용자와 토큰: boram actor add로 다시 추가하세요",
    ),
    (
        "open holds, courses and sign-ups that no charge shows: load the courses again",
        "열린 예약, 강좌, 결제되지 않은 수강 신청: 강좌를 다시 올리세요",
    ),
    (
        "what was accepted and not signed, and submissions that waited: enter them again",
        "접수되었지만 서명되지 않은 기록과 승인을 기다리던 제출: 다시 올리세요",
    ),
    (
        "people who never had an entry: load the members again (those who had one are known)",
        "기록이 없던 회원: 회원 파일을 다시 올리세요(기록이 있던 회원은 그대로입니다)",
    ),
    ("refused rows, acts of no coins, files' outcomes", "반려된 행, 0코인 실적, 파일별 결과"),
    (
        "stored answers, and of the audit log and the access log what was written after their last file",
        "저장된 응답, 그리고 감사 기록과 열람 기록 가운데 마지막 파일 뒤에 쓰인 것",
    ),
)
"""What the chain and the bundles do not hold, of books that are gone whole; of an old backup only what came after it."""

POLL_SECONDS = 0.2
STANDS_STILL_SECONDS_MAX = 120.0


class StandsStill:
    """Waits between passes that did nothing, and says when it has waited for too long without one that did."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._since = monotonic()

    def moved(self) -> None:
        """Something was done."""
        self._since = self._monotonic()

    def wait(self) -> bool:
        """A moment; False where nothing was done for too long."""
        self._sleep(POLL_SECONDS)
        return self._monotonic() - self._since < STANDS_STILL_SECONDS_MAX


def restore_chain(home: Path | None, *, yes: bool) -> None:
    """Deploy to the same address and post everything again, in the same order. Raises CannotRun, HomeBusy, and posting's errors."""
    settings = read_settings(home=home)
    if settings.is_embedded:
        raise CannotRun(
            "the embedded chain is made again from the books at every start: run boram up (restore is for a chain of BORAM_RPC_URL)",
            "내장 체인은 시작할 때마다 장부에서 다시 만들어집니다. boram up을 실행하세요(restore는 BORAM_RPC_URL의 체인에 씁니다)",
        )
    with poster_at_rest(settings) as (installation, poster):
        _confirm(installation, settings, yes=yes)
        differing = restore(poster.context, poster.chain)
        for one in differing:
            say(f"this chain: {one}", f"이 체인: {one}")
        patience = StandsStill()

        def one_pass() -> int:
            done = poster.chain_pass()
            if done:
                patience.moved()
            return done

        with progress_bar() as progress:
            posted = post_again(poster.context, one_pass, progress, patience.wait)
        if differing or posted:
            say(
                f"restored: {posted} batches stand at their old post numbers at {hex_of(installation.domain.contract)}; "
                "check with boram verify, then start boram up",
                f"복구 완료: 묶음 {posted}건이 예전 순서 그대로 {hex_of(installation.domain.contract)}에 기록되었습니다. "
                "boram verify로 확인한 뒤 boram up을 실행하세요",
            )
        else:
            say(
                "this is the chain that the books belong to, and nothing is missing on it: nothing was done",
                "장부가 속한 체인이며 빠진 것이 없습니다. 아무것도 하지 않았습니다",
            )


def rebuild_books(home: Path | None) -> int:
    """Read lost books back from the chain and the bundles; 0 where all came back, 1 where a bundle is missing. Raises CannotRun, HomeBusy."""
    settings = read_settings(home=home)
    if settings.is_embedded:
        raise CannotRun(
            "the embedded chain keeps nothing of its own: books that are gone come back from a backup (boram restore DIR)",
            "내장 체인은 스스로 아무것도 보관하지 않습니다. 백업에서 되살리세요(boram restore 폴더)",
        )
    with poster_at_rest(settings) as (_, poster):
        with progress_bar() as progress:
            poster.prepare(progress)
        report, findings = poster.read_back.report, poster.findings.all()
    if not report.batches and not report.log_rows and not report.missing:
        say(
            "the books have all that the chain has: nothing was done",
            "장부에 빠진 것이 없습니다. 아무것도 하지 않았습니다",
        )
    else:
        say(
            f"read back: {report.batches:,} batches, {report.entries:,} entries, {report.orders:,} orders, {report.log_rows:,} rows of the logs; "
            f"{report.not_landed:,} of the batches were signed and not on the chain and are posted as they are; "
            f"{report.holds_ended} holds ended, {report.records_freed} approved records free again",
            f"되살린 것: 묶음 {report.batches:,}건, 기록 {report.entries:,}건, 명령 {report.orders:,}건, 감사·열람 기록 {report.log_rows:,}건; "
            f"그중 서명되고 체인에 없던 묶음 {report.not_landed:,}건은 그대로 기록됩니다; "
            f"끝낸 예약 {report.holds_ended}건, 다시 올릴 수 있는 승인 실적 {report.records_freed}건",
        )
        for english, korean in GONE:
            say(f"gone: {english}", f"되살릴 수 없음: {korean}")
    wrong = {subject: said for subject, said in findings.items() if not subject.startswith(("skip", "read back"))}
    for said in wrong.values():
        complain(said)
    return 1 if wrong else 0


@contextmanager
def poster_at_rest(settings: Settings) -> Iterator[tuple[Installation, Poster]]:
    """The poster of a home on which nothing runs. Raises HomeBusy, CannotRun where another process posts."""
    with installed(settings) as installation, chain_access(installation, None) as access:
        lease, journal = poster_books(installation.journal.engine, installation.context.new_id(), time.monotonic)
        with closing(lease):
            if not lease.take():
                raise CannotRun(
                    "another process posts for these books: stop every boram up first",
                    "다른 프로세스가 이 장부를 기록하고 있습니다. 먼저 모든 boram up을 종료하세요",
                )
            context = replace(posting_context(installation), journal=journal or installation.journal)
            yield installation, Poster(context, access)


def _confirm(installation: Installation, settings: Settings, *, yes: bool) -> None:
    if yes:
        return
    with installation.journal.read() as unit:
        count = unit.posts.last_number()
    asked = words(
        f"Post up to {count} batches to {settings.rpc_url} (chain {settings.chain_id}), if it is not the chain that the books belong to?",
        f"장부가 속한 체인이 아니면 {settings.rpc_url} (체인 {settings.chain_id})에 묶음 {count}건까지 다시 기록할까요?",
    )
    if not sys.stdin.isatty():
        raise CannotRun(f"{asked} Say yes with --yes", f"{asked} --yes를 붙여 실행하세요")
    if not typer.confirm(asked):
        raise CannotRun("nothing was done", "아무것도 하지 않았습니다")
