"""Posting by one process of several: this one posts while it holds the lease, and stands by otherwise.

Whoever takes over begins as a fresh process does: with the books and the chain, and nothing of what it thought before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ledger_service.errors import Refused
from ledger_service.journal.poster_lease import Lease
from ledger_service.posting.loops import Poster, PostingLoops
from ledger_service.posting.progress import Progress, no_progress

STAND_BY_SECONDS = 1  # how often a stand-by looks; together with the lease's seconds, how long nobody posts
TROUBLE_SECONDS = 2
START_TRIES_MAX = 10

_log = logging.getLogger(__name__)


class PosterElsewhere(Refused):
    """Another process posts for these books, and this one cannot stand by: its embedded chain would be another chain."""

    code = "poster_elsewhere"


class StandBy:
    """A thread that posts whenever this process may. `wake` from any thread when there is work."""

    def __init__(self, lease: Lease, new_poster: Callable[[], Poster]) -> None:
        self._lease = lease
        self._new_poster = new_poster
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._loops: PostingLoops | None = None

    @property
    def is_posting(self) -> bool:
        """Whether this process posts now."""
        return self._loops is not None

    def start(self, progress: Progress = no_progress, *, may_wait: bool = True) -> Poster | None:
        """Post, or stand by. Where this process may post at once its chain is ready when this returns, and the poster is given.

        Raises the errors of Poster.prepare where the lease is not lost, and PosterElsewhere where another posts and `may_wait` is not allowed.
        """
        first: Poster | None = None
        if self._take(may_wait=may_wait):
            first = self._prepared(progress, may_wait=may_wait)
        self._thread = threading.Thread(target=self._live, args=[first], name="posting", daemon=True)
        self._thread.start()
        return first

    def wake(self) -> None:
        """Something was accepted. Where another process posts, it looks by itself every second."""
        loops = self._loops
        if loops is not None:
            loops.wake()

    def stop(self) -> None:
        """End posting after the step it is in, and let another process post."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._lease.release()

    def _prepared(self, progress: Progress, *, may_wait: bool) -> Poster | None:
        """A poster that is ready; None where the lease was lost meanwhile (the process was frozen), and this one may stand by."""
        poster = self._new_poster()
        try:
            poster.prepare(progress)
        except Exception:  # NotPosting, or the database's: a stand-by that takes over ends the sessions, too
            if not may_wait or self._lease.is_held():
                raise
            _log.warning("this process has lost the lease while it started, and stands by")
            return None
        return poster

    def _take(self, *, may_wait: bool) -> bool:
        for _ in range(START_TRIES_MAX):
            if self._lease.take():
                return True
            if may_wait:
                return False
            self._stopping.wait(STAND_BY_SECONDS)  # one that was killed a moment ago is not quite gone
        raise PosterElsewhere(
            "another process posts for these books, and an embedded chain has one: stop that one first, or run several with BORAM_RPC_URL",
            "다른 프로세스가 이 장부를 기록하고 있습니다. 먼저 종료하거나, 여러 프로세스를 쓰려면 BORAM_RPC_URL을 설정하세요",
        )

    def _live(self, poster: Poster | None) -> None:
        while not self._stopping.is_set():
            try:
                if poster is None:
                    poster = self._stand_by()
                    continue
                self._post(poster)
            except Exception as error:  # noqa: BLE001  the database or the chain may be away: a thread that ended would never post again
                _log.warning("posting could not begin", exc_info=error)
                self._stopping.wait(TROUBLE_SECONDS)
            poster = None

    def _stand_by(self) -> Poster | None:
        """A poster that is ready, once this process holds the lease; None where it does not yet."""
        if not self._lease.is_held() and not self._lease.take():
            self._stopping.wait(STAND_BY_SECONDS)
            return None
        poster = self._new_poster()
        poster.prepare()
        _log.warning("this process posts from now on")
        return poster

    def _post(self, poster: Poster) -> None:
        loops = PostingLoops(poster)
        loops.start()
        self._loops = loops
        try:
            while self._lease.is_held() and not self._stopping.wait(STAND_BY_SECONDS):
                pass
        finally:
            self._loops = None
            loops.stop()
        if not self._stopping.is_set():
            _log.warning("this process has lost the lease and stands by")
