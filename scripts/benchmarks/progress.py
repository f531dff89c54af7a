"""What a long run says while it works: a bar on a terminal, nothing where the output is a file."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Telling:
    """One line on standard error, for one stage after another."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            refresh_per_second=4,  # it shares the two cores with what is measured
        )
        self._task = self._progress.add_task("", total=None)

    def __enter__(self) -> Telling:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def begin(self, stage: str, total: int) -> None:
        """A stage of `total` steps."""
        self._progress.reset(self._task, description=stage, total=total)

    def reach(self, done: int) -> None:
        """So many steps of the stage are done."""
        self._progress.update(self._task, completed=done)
