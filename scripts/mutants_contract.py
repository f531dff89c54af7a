"""Break one guard of the contract at a time and see a test fail.

    scripts/mutants_contract.py            try every mutant that the log does not know yet
    scripts/mutants_contract.py --table    print what the log knows as a table
    scripts/mutants_contract.py NAME…      try these again

A mutant is one replacement in one source. Tests load the contract by its artifact (`--dynamic-test-linking`), and the
mutant is compiled without the optimizer's steps, so that a trial takes seconds of one core and not minutes; the log,
`.build/mutants/log.json`, is written after each trial and an interrupted run goes on where it was.
Exit 0 every mutant tried so far is killed, 1 one survived, 2 could not run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "mutants"
LOG = WORK / "log.json"
TRIAL_SECONDS_MAX = 900
TESTS = "contracts/test/unit/{Entries,Orders,Refusals,Treasury}.t.sol"
FAILED = re.compile(r"^\[FAIL.*\] (\w+)\(", re.MULTILINE)

SETTINGS = """[profile.default]
src = "contracts"
test = "contracts/test"
out = "out"
cache_path = "cache"
test_failures_file = "test-failures"
libs = ["node_modules"]
auto_detect_remappings = false
remappings = ["@openzeppelin/=node_modules/@openzeppelin/"]
fs_permissions = [{ access = "read", path = "tests/vectors" }]
solc = "scripts/solc-wrapper"
auto_detect_solc = false
offline = true
evm_version = "prague"
via_ir = true
optimizer = true
code_size_limit = 1_000_000
dynamic_test_linking = true
bytecode_hash = "none"
cbor_metadata = false

[profile.default.optimizer_details]
inliner = false
deduplicate = false
cse = false
constantOptimizer = false
yul = true

[profile.default.optimizer_details.yulDetails]
stackAllocation = true
optimizerSteps = ":"
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard, removed or weakened: the first occurrence of `old` in `source` becomes `new`."""

    name: str
    source: str
    old: str
    new: str


DOOR, MOVES, OFFICE, LEDGER = "VolunteerCoin.sol", "base/Movements.sol", "base/Office.sol", "base/Ledger.sol"

MUTANTS = (
    Mutant("any sender", DOOR, "if (msg.sender != tx.origin || msg.sender.code.length != 0)", "if (false)"),
    Mutant("a replay lands again", DOOR, "if (known == head) return;", ""),
    Mutant("no bound on entries", DOOR, "if (count > (batch.desk == 0 ? 0 : entriesMax)) return count;", ""),
    Mutant("gaps", DOOR, "if (seq > desk.next) return (Refusal.Gap, desk.next, false);", ""),
    Mutant("any previous head", DOOR, "if (batch.previousHead != last)", "if (false)"),
    Mutant("no evidence", DOOR, "if (batch.evidenceRoot == 0)", "if (false)"),
    Mutant("any signature", DOOR, "if (!isSigned) return", "if (false) return"),
    Mutant(
        "fewer keys than the threshold", DOOR, "(count < threshold && !isEmergency)", "(count == 0 && !isEmergency)"
    ),
    Mutant("a guardian signs with others", DOOR, "!(isEmergency && role == Role.Guardian)", "role != Role.Guardian"),
    Mutant("a pause stops nothing", DOOR, "if (batch.desk != 0 && _state.isPaused)", "if (false)"),
    Mutant("days go back", DOOR, "batch.day < desk.lastDay || ", ""),
    Mutant("a lone key moves the day", DOOR, " || (isEmergency && batch.day > desk.lastDay)", ""),
    Mutant("open for ever", DOOR, "if (batch.desk != 0 && batch.day > _state.openUntil)", "if (false)"),
    Mutant("needs do not count", DOOR, "if (_heads[need] == 0) return", "if (false) return"),
    Mutant("one signer twice", LEDGER, " || signer <= previous", ""),
    Mutant("a rotation at once", LEDGER, "seq >= desk.comingFrom", "seq >= 0"),
    Mutant("a credit beyond the cap", MOVES, "if (slot.earned() + coins > run.cap) return false;", ""),
    Mutant("a credit beyond its limit", MOVES, "if (moved > run.creditable) return false;", ""),
    Mutant("more units than the rate's", MOVES, "if (word.units() > run.rateUnitsMax) return false;", ""),
    Mutant("a rate of any day", MOVES, "if (word.day() - run.rateFrom > run.rateSpan) return false;", ""),
    Mutant("a frozen account earns", MOVES, "if (slot >= AccountSlot.FROZEN) return false;", ""),
    Mutant("a desk earns", MOVES, "if (word >> 112 == Accounts.DESK) return false;", ""),
    Mutant("a word of zeros", MOVES, "run.kindAndRate = NONE;", ""),
    Mutant("any desk's kind", MOVES, "if (_deskKindOf(kind) != run.deskKind) return Skip.NotAllowed;", ""),
    Mutant("a closed account", MOVES, "if (slot.isClosed()) return Skip.BadAccount;", ""),
    Mutant("a frozen account spends", MOVES, "if (slot.isFrozen()) return (Skip.Frozen, 0);", ""),
    Mutant(
        "a debit beyond its allotment", MOVES, "if (run.moved + coins > run.allotment) return (Skip.Allotment, 0);", ""
    ),
    Mutant(
        "a charge of tomorrow",
        MOVES,
        " || word.day() > run.day) return (Skip.RateNotInForce, 0)",
        ") return (Skip.RateNotInForce, 0)",
    ),
    Mutant("a closure of a part", MOVES, " || (kind >= CLOSURE && coins != slot.coins())", ""),
    Mutant("a fund nobody opened", MOVES, "if (isGift && !_isFundActive[word.ref()])", "if (false)"),
    Mutant("set-off beyond the debt", MOVES, "if (coins > slot.debt()) return Skip.NotAllowed;", ""),
    Mutant("openings after seal", MOVES, "if (_state.isSealed) return Skip.NotAllowed;", ""),
    Mutant(
        "a correction beyond its original", MOVES, "if ((_undone[entry] + coins) * perUnits > amount)", "if (false)"
    ),
    Mutant("a refund beyond its original", MOVES, "if (undone > original.units())", "if (false)"),
    Mutant("a refund is not counted", MOVES, "_undone[entry] = undone;", ""),
    Mutant("a proof of anything", MOVES, "if (!run.isItemTrue || index >= run.item.fields.count)", "if (false)"),
    Mutant(
        "a skipped original",
        MOVES,
        "[index / 256] >> (index % 256) & 1 == 1)",
        "[index / 256] >> (index % 256) & 1 == 2)",
    ),
    Mutant("another's original", MOVES, "if (!_isHeir(word.account(), original.account()))", "if (false)"),
    Mutant("a close without the venue", MOVES, "if (role != Role.Signer) return false;", ""),
    Mutant("a close of other coins", MOVES, " || due.coinsClosed + coins != _covered[batch].coins", ""),
    Mutant("one key does all", OFFICE, "if (session.isEmergency && !_needsOneKey(code))", "if (false)"),
    Mutant("sealed twice", OFFICE, "if (_state.isSealed) return OrderSkip.NotAllowed;", ""),
    Mutant(
        "no notice",
        OFFICE,
        "return _state.isSealed && from < session.today + notice;",
        "return from == notice && session.day == 0;",
    ),
    Mutant("limits below what is used", OFFICE, "if (coins < limit.used) return OrderSkip.BelowUsed;", ""),
    Mutant("rates are lengthened", OFFICE, "if (given.lastDay >= known.lastDay) return OrderSkip.Lengthened;", ""),
    Mutant("a veto too late", OFFICE, "if (pending.from <= session.today) return OrderSkip.Notice;", ""),
    Mutant("a desk registered again", OFFICE, "if (desk.next != 0) return OrderSkip.Exists;", ""),
    Mutant("keys from a used sequence", OFFICE, "if (from < desk.next) return OrderSkip.Notice;", ""),
    Mutant("one office key is enough", OFFICE, "threshold < OFFICE_THRESHOLD_MIN || ", ""),
)


def prepare() -> None:
    """A small project beside the sources, with compiled tests that outlive the mutants."""
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "foundry.toml").write_text(SETTINGS, "utf-8")
    for name in ("node_modules", "scripts", "tests"):
        if not (WORK / name).exists():
            (WORK / name).symlink_to(ROOT / name)
    restore()


def restore() -> None:
    """The sources as they are, with the times that they have."""
    shutil.rmtree(WORK / "contracts", ignore_errors=True)
    shutil.copytree(ROOT / "contracts", WORK / "contracts")


def forge() -> str:
    """Where forge is."""
    found = subprocess.run(
        [ROOT / "scripts" / "toolchain.sh", "path", "forge"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def trial(binary: str) -> tuple[str, list[str]]:
    """What became of the tests: passed, failed, or not compiled; and those that failed."""
    run = subprocess.run(
        [binary, "test", "--match-path", TESTS],
        cwd=WORK,
        capture_output=True,
        text=True,
        timeout=TRIAL_SECONDS_MAX,
        check=False,
    )
    (WORK / "last.log").write_text(run.stdout + run.stderr, "utf-8")
    failed = list(dict.fromkeys(FAILED.findall(run.stdout)))
    if run.returncode == 0:
        return "survived", []
    return ("killed" if failed else "not compiled"), failed


def key_of(mutant: Mutant) -> str:
    """Names a mutant of this source and of these tests."""
    digest = hashlib.sha256(repr(mutant).encode())
    digest.update((ROOT / "contracts" / mutant.source).read_bytes())
    return digest.hexdigest()[:16]


def known() -> dict[str, dict[str, object]]:
    """The log."""
    return json.loads(LOG.read_text("utf-8")) if LOG.is_file() else {}


def table(log: dict[str, dict[str, object]]) -> str:
    """What the log knows, in the order of the list."""
    lines = ["| mutant | in | killed by |", "|---|---|---|"]
    for mutant in MUTANTS:
        entry = log.get(key_of(mutant))
        if entry is not None:
            failed = entry["failed"]
            killer = f"`{failed[0]}`" if isinstance(failed, list) and failed else f"**{entry['outcome']}**"
            lines.append(f"| {mutant.name} | {Path(mutant.source).name} | {killer} |")
    return "\n".join(lines)


def main() -> int:
    """Try what is asked for; 1 when one survives."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", help="mutants to try again; without any, all that the log lacks")
    arguments.add_argument("--table", action="store_true", help="print the log as a table and try nothing")
    options = arguments.parse_args()
    log = known()
    if options.table:
        print(table(log))
        return 0
    for mutant in MUTANTS:
        if mutant.old not in (ROOT / "contracts" / mutant.source).read_text("utf-8"):
            print(f"{mutant.name}: its guard is not in {mutant.source}", file=sys.stderr)
            return 2
    prepare()
    binary = forge()
    for mutant in MUTANTS:
        if (options.names and mutant.name not in options.names) or (not options.names and key_of(mutant) in log):
            continue
        path = WORK / "contracts" / mutant.source
        whole = path.read_text("utf-8")
        path.write_text(whole.replace(mutant.old, mutant.new, 1), "utf-8")
        began = time.monotonic()
        outcome, failed = trial(binary)
        path.write_text(whole, "utf-8")
        log[key_of(mutant)] = {"name": mutant.name, "outcome": outcome, "failed": failed}
        LOG.write_text(json.dumps(log, indent=1) + "\n", "utf-8")
        print(f"{outcome:12} {mutant.name} ({time.monotonic() - began:.0f} s) {failed[:1]}", flush=True)
    tried = [log[key_of(mutant)]["outcome"] for mutant in MUTANTS if key_of(mutant) in log]
    print(f"{len(tried)} of {len(MUTANTS)} tried, {tried.count('killed')} killed")
    return 0 if set(tried) <= {"killed"} else 1


if __name__ == "__main__":
    sys.exit(main())
