"""What became of each mutant: a log that a run goes on with where it was cut short, and a table of it."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar


class Named(Protocol):
    """A mutant has a name."""

    @property
    def name(self) -> str: ...


M = TypeVar("M", bound=Named)
KILLED = "killed"


@dataclass(frozen=True, slots=True)
class MutantsLog(Generic[M]):
    """One JSON file; `key_of` names a mutant of the sources as they are, so that changed ones are tried again."""

    file: Path
    mutants: Sequence[M]
    key_of: Callable[[M], str]

    def chosen(self, names: Sequence[str]) -> list[M]:
        """Those that are named; without names, those that were not killed yet."""
        if names:
            return [one for one in self.mutants if one.name in names]
        known = self._read()
        return [one for one in self.mutants if known.get(self.key_of(one), {}).get("outcome") != KILLED]

    def add(self, mutant: M, began: float, outcome: str, **words: object) -> None:
        """Write down a trial that began at this monotonic time, and say it."""
        known = self._read() | {self.key_of(mutant): {"name": mutant.name, "outcome": outcome, **words}}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
        said = " ".join(str(word) for word in words.values())[:120]
        print(f"{outcome:9} {mutant.name} ({time.monotonic() - began:.0f} s) {said}", flush=True)

    def table(self, heads: Sequence[str], cells: Callable[[M, dict[str, Any]], Sequence[str]]) -> str:
        """What is known, in the order of the list, as Markdown."""
        known = self._read()
        rows = [cells(one, known[self.key_of(one)]) for one in self.mutants if self.key_of(one) in known]
        return "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))

    def sum_up(self) -> int:
        """Say how many were killed; 1 where one that was tried was not."""
        known = self._read()
        outcomes = [known[self.key_of(one)]["outcome"] for one in self.mutants if self.key_of(one) in known]
        print(f"{len(outcomes)} of {len(self.mutants)} tried, {outcomes.count(KILLED)} killed")
        return 0 if set(outcomes) <= {KILLED} else 1

    def _read(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = json.loads(self.file.read_text("utf-8")) if self.file.is_file() else {}
        return found


def digest_of(mutant: object, sources: Iterable[Path]) -> str:
    """A short name of a mutant of these sources."""
    digest = hashlib.sha256(repr(mutant).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def read_options(description: str | None) -> argparse.Namespace:
    """What both runners are asked for: `names` and `table`."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", help="mutants to try again; without any, all that were not killed yet")
    arguments.add_argument("--table", action="store_true", help="print the log as a table and try nothing")
    return arguments.parse_args()
