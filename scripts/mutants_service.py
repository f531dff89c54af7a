"""Break one guard of the service at a time and see the fault harness fail.

    scripts/mutants_service.py             try every mutant that the log does not know as killed
    scripts/mutants_service.py --table     print what the log knows as a table
    scripts/mutants_service.py NAME…       try these again

A mutant is some replacements in the service's sources, made in a copy of the tree under `.build`; the harness runs there with the classes of faults
that concern it and the seeds below, until it notices. Before the first mutant of a class it
runs without one, and must notice nothing. The log,
`.build/service-mutants/log.json`, is written after each trial.
Exit 0 every mutant tried so far is killed, 1 one survived, 2 could not run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants_log import KILLED, MutantsLog, digest_of, read_options

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "service-mutants"
LOG = WORK / "log.json"
SEEDS = (1, 2, 3)
TRIAL_SECONDS_MAX = 900
COPIED = ("ledger_service", "scripts", "tests/samples", "contracts", "pyproject.toml")
NO_KILL = ("broken", "work")
"""Complaints that the harness could not do its work."""
_SAID = re.compile(r"^ {7}(\w+): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Change:
    """The first occurrence of `old` in `source` becomes `new`."""

    source: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard, removed or weakened, and the classes of faults that must show it."""

    name: str
    classes: str
    changes: tuple[Change, ...]


SENDER, FOLLOWER, CONTEXT = "posting/sender.py", "posting/follower.py", "services/context.py"

MUTANTS = (
    Mutant(
        "marked as sent before it is sent, and not sent again",
        "drop",
        (Change(SENDER, "            self._resend_one(latest[nonce])\n", "            pass\n"),),
    ),
    Mutant(
        "a new nonce on retry",
        "drop",
        (
            Change(
                SENDER,
                "        meaning = self._broadcast(one.raw)\n",
                "        with self._context.journal.read() as unit:\n"
                "            last = unit.transactions.last_nonce(self._chain.sender.address)\n"
                "        from ledger_service.posting import fees as _fees\n"
                "        _known = _fees._fields(one.raw)\n"
                "        _new = sign_transaction(self._chain.sender, chain_id=int(_known['chainId']), nonce=(last or 0) + 1,\n"
                "            to=self._context.domain.contract, data=bytes(_known['data']), gas=int(_known['gas']),\n"
                "            max_fee=int(_known['maxFeePerGas']), max_priority_fee=int(_known['maxPriorityFeePerGas']))\n"
                "        with self._context.journal.write() as unit:\n"
                "            unit.transactions.add(self._chain.sender.address, (last or 0) + 1, _new.hash, _new.raw, one.batches, 0)\n"
                "            unit.commit()\n"
                "        meaning = self._broadcast(_new.raw)\n",
            ),
        ),
    ),
    Mutant(
        "an exception on a send is a failure: the transaction is made anew",
        "replies",
        (
            Change(
                SENDER,
                "            broadcast(self._chain.rpc, raw)\n",
                "            try:\n"
                "                broadcast(self._chain.rpc, raw)\n"
                "            except Exception:\n"
                "                from ledger_service.domain.hashing import keccak\n"
                "                with self._context.journal.write() as unit:\n"
                "                    unit.transactions.move([keccak(raw)], 'dropped')\n"
                "                    unit.commit()\n"
                "                raise\n",
            ),
            Change("journal/transactions.py", '("stored", "settled"))', '("stored", "settled", "dropped"))'),
        ),
    ),
    Mutant(
        "a receipt is final",
        "reorg",
        (Change(FOLLOWER, "return latest - finality.confirmations", "return latest"),),
    ),
    Mutant(
        "a reorg is ignored",
        "reorg",
        (Change("posting/watch.py", "        self._rewind(identity)\n", ""),),
    ),
    Mutant(
        "a reorg between two looks is read over",
        "reorg",
        (Change("posting/landings.py", "if parent is not None and blocks[0].parent_hash != parent:", "if False:"),),
    ),
    Mutant(
        "an idempotency key takes another body",
        "chain",
        (Change("journal/idempotency.py", "if row.body_hash != body_hash:", "if False:"),),
    ),
    Mutant(
        "an answer is not stored with its key",
        "chain",
        (
            Change(
                CONTEXT,
                "        if once is not None:\n            unit.idempotency.store(",
                "        if False:\n            unit.idempotency.store(",
            ),
        ),
    ),
    Mutant(
        "an answer is stored after its command is committed",
        "point",
        (
            Change(
                CONTEXT,
                "            unit.idempotency.store(actor_id, once.key, once.body_hash, answer, context.clock.now())\n        unit.commit()\n"
                '    context.kill_points.reach("after_commit")\n',
                "            pass\n        unit.commit()\n"
                '    context.kill_points.reach("after_commit")\n'
                "    if once is not None:\n"
                "        with context.journal.write() as unit:\n"
                "            unit.idempotency.store(actor_id, once.key, once.body_hash, answer, context.clock.now())\n"
                "            unit.commit()\n",
            ),
        ),
    ),
    Mutant(
        "an approval is not checked again at commit",
        "chain",
        (Change("services/approvals.py", 'if approval.status != "waiting":', "if False:"),),
    ),
    Mutant(
        "coins that are there are refused",
        "chain",
        (Change("services/spend.py", "if not unit.accounts.hold(", "if coins or not unit.accounts.hold("),),
    ),
    Mutant(
        "a hold is captured whatever became of it",
        "chain",
        (
            Change(
                "journal/spending.py",
                'holds.c.id == bindparam("this"), holds.c.state == "held"',
                'holds.c.id == bindparam("this")',
            ),
        ),
    ),
    Mutant(
        "the sealer does not mind its sequence, nor who posts",
        "workers",
        (
            Change(
                "journal/master.py",
                "desks.c.number == number, desks.c.sealed_seq == seq - 1",
                "desks.c.number == number",
            ),
            Change(
                "journal/poster_lease.py",
                '    if engine.dialect.name == "sqlite":\n        return OneProcess()',
                "    if True:\n        return OneProcess()",
            ),
        ),
    ),
    Mutant(
        "the log is not synced before the answer",
        "sync",
        (Change("journal/engine.py", "PRAGMA synchronous=FULL", "PRAGMA synchronous=NORMAL"),),
    ),
    Mutant(
        "a refused write is acknowledged",
        "disk",
        (
            Change(
                "journal/unit.py",
                "        self.connection.commit()\n",
                "        try:\n            self.connection.commit()\n        except OperationalError:\n            pass\n",
            ),
        ),
    ),
    Mutant(
        "logs are believed without asking the storage",
        "proxy",
        (
            Change(FOLLOWER, "            require_storage_agrees(self._chain.contract, reading)\n", ""),
            Change(
                FOLLOWER,
                "            require_read_twice(self._chain.contract, reading, lambda landings: self._checks.is_grave(landings, marks))\n",
                "",
            ),
        ),
    ),
    Mutant(
        "a nonce is believed at once, and a gap of nonces stays",
        "proxy",
        (
            Change(SENDER, "if packs and self._next_nonce() < nonce:", "if False:"),
            Change(SENDER, "self._fill_gaps(flying, nonce) + ", ""),
        ),
    ),
    Mutant(
        "what a failed submission left stays",
        "postgres",
        (
            Change(
                "services/intake.py",
                "    drop_left_over(context)\n    with context.journal.read() as unit:\n        return",
                "    with context.journal.read() as unit:\n        return",
            ),
        ),
    ),
)


def prepare() -> None:
    """The tree as it is, apart: a mutant never touches the sources that somebody works on."""
    tree = WORK / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__", "bench*"))
        else:
            shutil.copy2(source, tree / name)
    for name in ("node_modules", ".venv"):
        (tree / name).symlink_to(ROOT / name)


def changed(mutant: Mutant) -> dict[Path, str]:
    """The sources of a mutant. Raises LookupError where a guard is not there any more."""
    texts: dict[Path, str] = {}
    for change in mutant.changes:
        path = Path("ledger_service") / change.source
        text = texts.get(path) or (ROOT / path).read_text("utf-8")
        if change.old not in text:
            raise LookupError(f"{mutant.name}: its guard is not in {path}: {change.old.strip()[:80]}")
        texts[path] = text.replace(change.old, change.new, 1)
    return texts


def trial(mutant: Mutant) -> tuple[str, str, str]:
    """What became of it: killed, survived or broken; by which check; and in the check's words."""
    texts, tree = changed(mutant), WORK / "tree"
    for path, text in texts.items():
        (tree / path).write_text(text, "utf-8")
    try:
        for seed in SEEDS:
            outcome = run(mutant.classes, seed)
            if outcome[0] != "survived":
                return outcome
        return "survived", "", ""
    finally:
        for path in texts:
            shutil.copy2(ROOT / path, tree / path)


def run(classes: str, seed: int) -> tuple[str, str, str]:
    """Play these classes on the tree as it is; as `trial`."""
    tree = WORK / "tree"
    command = [
        sys.executable, "-m", "scripts.faults", "--profile", "mutant", "--jobs", "1", "--seed", str(seed), "--classes",
        classes, "--log", str(WORK / "rounds.jsonl"), "--hurry",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TRIAL_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return "broken", "time", f"no end after {TRIAL_SECONDS_MAX} s"
    (WORK / "last.log").write_text(done.stdout + done.stderr, "utf-8")
    return verdict_of(done.returncode, done.stdout, done.stderr)


def verdict_of(code: int, out: str, errors: str) -> tuple[str, str, str]:
    """As `trial`, from what the harness said. A service that does not even start, or does nothing, shows nothing of its guards."""
    if code == 0:
        return "survived", "", ""
    said = [one for one in _SAID.findall(out) if one[0] not in NO_KILL]
    if not said or code != 1:
        return "broken", "", (out + errors)[-300:]
    return KILLED, said[0][0], said[0][1][:200]


def log_of() -> MutantsLog[Mutant]:
    """The log of these mutants."""

    def key_of(mutant: Mutant) -> str:
        return digest_of(mutant, [ROOT / "ledger_service" / change.source for change in mutant.changes])

    return MutantsLog(LOG, MUTANTS, key_of)


def cells(mutant: Mutant, entry: dict[str, Any]) -> list[str]:
    """A row of the table."""
    killer = f"{entry['check']}: {entry['words']}" if entry["outcome"] == KILLED else f"**{entry['outcome']}**"
    return [mutant.name, mutant.classes, killer]


def main() -> int:
    """Try what is asked for; 1 when one survives."""
    options, log = read_options(__doc__), log_of()
    if options.table:
        print(log.table(("the service, broken", "faults", "killed by"), cells))
        return 0
    try:
        for mutant in MUTANTS:
            changed(mutant)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    prepare()
    passed: set[str] = set()
    for mutant in log.chosen(options.names):
        if mutant.classes not in passed:
            unbroken = run(mutant.classes, SEEDS[0])
            if unbroken[0] != "survived":
                print(f"{mutant.classes} fails without a mutant: {' '.join(unbroken)}", file=sys.stderr)
                return 2
            passed.add(mutant.classes)
        began = time.monotonic()
        outcome, by, words = trial(mutant)
        log.add(mutant, began, outcome, check=by, words=words)
    return log.sum_up()


if __name__ == "__main__":
    sys.exit(main())
