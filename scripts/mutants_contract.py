"""Break one guard of the contract at a time and see a test fail.

    scripts/mutants_contract.py            try every mutant that the log does not know as killed
    scripts/mutants_contract.py --table    print what the log knows as a table
    scripts/mutants_contract.py NAME…      try these again

The mutants are in scripts/contract_mutants.py. All of them are written into one copy of the contract, each behind a switch
that compares the block's number, which the contract itself never reads: so the compiler runs once, without the optimizer's
steps, and a trial is a run of the tests at the mutant's block. Block 1 is nobody's, and must pass.
Most mutants are for the unit tests; those that name a test are for that one, and show that a fuzz test, an invariant or the
powers table can fail. The log, `.build/mutants/log.json`, is written after each trial and an interrupted run goes on where
it was; a mutant is tried again when its source changes.
Exit 0 every mutant tried so far is killed, 1 one survived, 2 could not run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract_mutants import BATCHES, CREDITS, MOVEMENTS, MUTANTS, OFFICE_ORDERS, Mutant
from mutants_log import MutantsLog, digest_of, read_options

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "mutants"
LOG = WORK / "log.json"
TRIAL_SECONDS_MAX = 1_800
UNIT_TESTS = "contracts/test/unit/{Deployment,Entries,Orders,Refusals,Treasury,Vectors}.t.sol"
FAILED = re.compile(r"^\[FAIL.*?\b((?:test|invariant_)\w+)\(", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"//[^\n]*")
NOBODYS_BLOCK, FIRST_BLOCK = 1, 1_000

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
bytecode_hash = "none"
cbor_metadata = false
additional_compiler_profiles = [{ name = "tests", via_ir = false, optimizer = true, optimizer_runs = 1 }]
compilation_restrictions = [{ paths = "contracts/test/**", via_ir = false }]

[profile.default.optimizer_details]
inliner = false
deduplicate = false
cse = false
constantOptimizer = false
yul = true

[profile.default.optimizer_details.yulDetails]
stackAllocation = true
optimizerSteps = ":"

[profile.default.fuzz]
failure_persist_dir = "failures"

[profile.default.invariant]
runs = 64
depth = 64
fail_on_revert = true
failure_persist_dir = "failures"
shrink_run_limit = 0
"""

SWITCH = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

library Mutation {
    function on(uint256 number) internal pure returns (bool) {
        return _asPure(_block)() == number;
    }

    function _block() private view returns (uint256) {
        return block.number;
    }

    function _asPure(function() internal view returns (uint256) a)
        private
        pure
        returns (function() internal pure returns (uint256) b)
    {
        assembly {
            b := a
        }
    }
}
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One mutant's change of a source, and the part of it, a whole statement or expression, that is written twice."""

    number: int
    start: int
    end: int
    new: str
    part_start: int
    part_end: int
    is_statement: bool


def change_of(number: int, mutant: Mutant, text: str) -> Change:
    """Where the mutant differs, without what `old` and `new` have in common, and the part around it."""
    old, new = mutant.old, mutant.new
    start = text.index(old)
    shared = _shared(old[::-1], new[::-1])
    old, new = old[: len(old) - shared], new[: len(new) - shared]
    shared = _shared(old, new)
    old, new, start = old[shared:], new[shared:], start + shared
    start += len(old) - len(old.lstrip())
    end = start + len(old.strip())
    if old.strip().endswith(";") and text[:start].rstrip()[-1] in ";{}":
        return Change(number, start, end, new, start, end, is_statement=True)
    left = _statement_start(text, start)
    condition = _condition_around(text, left, start)
    if condition is not None:
        return Change(number, start, end, new, *condition, is_statement=False)
    right = text.index(";", end) + 1
    value = re.match(r"return\b|[\w.\[\] ]+? [|+\-]?=(?!=)", text[left:right])
    if value is not None and left + value.end() <= start:
        return Change(number, start, end, new, left + value.end(), right - 1, is_statement=False)
    return Change(number, start, end, new, left, right, is_statement=True)


def _shared(one: str, other: str) -> int:
    """With how many signs both begin."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _statement_start(text: str, offset: int) -> int:
    """Behind the last end of a statement or block. Braces within parentheses are those of a struct."""
    depth = 0
    for place in range(offset - 1, -1, -1):
        sign = text[place]
        if sign in ")]":
            depth += 1
        elif sign in "([":
            depth -= 1
        elif depth <= 0 and (sign in ";}" or (sign == "{" and text[place - 1] != "(")):
            return place + 1 + len(text[place + 1 :]) - len(text[place + 1 :].lstrip())
    raise ValueError(offset)


def _condition_around(text: str, left: int, offset: int) -> tuple[int, int] | None:
    """The condition of the `if` in whose parentheses the offset is."""
    opened: list[int] = []
    for place in range(left, offset):
        if text[place] == "(":
            opened.append(place)
        elif text[place] == ")":
            opened.pop()
    for place in opened:
        if re.search(r"\bif $", text[left:place]):
            return place + 1, _closing(text, place)
    return None


def _closing(text: str, opening: int) -> int:
    depth = 0
    for place in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
    raise ValueError(opening)


def with_switches(text: str, changes: Iterable[Change]) -> str:
    """The source with every change in it; those whose parts overlap share the largest."""
    groups: list[list[Change]] = []
    for change in sorted(changes, key=lambda change: (change.part_start, -change.part_end)):
        if groups and change.part_start < max(other.part_end for other in groups[-1]):
            groups[-1].append(change)
        else:
            groups.append([change])
    for group in reversed(groups):
        outer = max(group, key=lambda change: (change.part_end - change.part_start, change.is_statement))
        start, end = outer.part_start, outer.part_end
        written = text[start:end]
        for change in group:
            mutated = text[start : change.start] + change.new + text[change.end : end]
            if outer.is_statement:
                written = f"if (Mutation.on({change.number})) {{ {mutated} }} else {{ {written} }}"
            else:
                written = f" (Mutation.on({change.number}) ? ({mutated}) : ({written}))"
        text = text[:start] + written + text[end:]
    return text


def prepare() -> None:
    """A small project beside the sources: the contract with its switches, and the tests."""
    WORK.mkdir(parents=True, exist_ok=True)
    _write(WORK / "foundry.toml", SETTINGS)
    for name in ("node_modules", "scripts", "tests"):
        if not (WORK / name).exists():
            (WORK / name).symlink_to(ROOT / name)
    shutil.rmtree(WORK / "contracts", ignore_errors=True)
    shutil.copytree(ROOT / "contracts", WORK / "contracts")
    _write(WORK / "contracts" / "Mutation.sol", SWITCH)
    for source in dict.fromkeys(mutant.source for mutant in MUTANTS):
        path = WORK / "contracts" / source
        text = COMMENT.sub("", path.read_text("utf-8"))
        changes = [
            change_of(FIRST_BLOCK + i, mutant, text) for i, mutant in enumerate(MUTANTS) if mutant.source == source
        ]
        where = "../" if "/" in source else "./"
        text = with_switches(text, changes)
        _write(
            path,
            text.replace("\nimport ", f'\nimport {{Mutation}} from "{where}Mutation.sol";\nimport ', 1)
            if "\nimport " in text
            else text.replace(";\n", f';\nimport {{Mutation}} from "{where}Mutation.sol";\n', 1),
        )


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


def forge() -> str:
    """Where forge is."""
    found = subprocess.run(
        [ROOT / "scripts" / "toolchain.sh", "path", "forge"], capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def trial(binary: str, block: int, *choice: str) -> tuple[str, list[str]]:
    """What became of the tests at a block: survived, killed, or not run; and those that failed."""
    run = subprocess.run(
        [binary, "test", "--fail-fast", "--block-number", str(block), *choice],
        cwd=WORK,
        capture_output=True,
        text=True,
        timeout=TRIAL_SECONDS_MAX,
        check=False,
    )
    (WORK / "last.log").write_text(run.stdout + run.stderr, "utf-8")
    failed = list(dict.fromkeys(FAILED.findall(run.stdout)))
    if run.returncode == 0 and " tests passed, 0 failed" in run.stdout:
        return "survived", []
    return ("killed" if failed else "not run"), failed


def likely(mutant: Mutant) -> list[tuple[str, str]]:
    """The file of unit tests that is most likely to tell, which is tried before all of them."""
    files = {"Refusals": BATCHES, "Entries": CREDITS, "Treasury": MOVEMENTS, "Orders": OFFICE_ORDERS}
    return [("--match-path", f"contracts/test/unit/{name}.t.sol") for name, group in files.items() if mutant in group]


def log_of() -> MutantsLog[Mutant]:
    """The log of these mutants."""
    return MutantsLog(LOG, MUTANTS, lambda mutant: digest_of(mutant, [ROOT / "contracts" / mutant.source]))


def cells(mutant: Mutant, entry: dict[str, Any]) -> list[str]:
    """A row of the table."""
    killer = f"`{entry['failed'][0]}`" if entry["failed"] else f"**{entry['outcome']}**"
    return [mutant.name, Path(mutant.source).name, killer]


def main() -> int:
    """Try what is asked for; 1 when one survives."""
    options, log = read_options(__doc__), log_of()
    if options.table:
        print(log.table(("mutant", "in", "killed by"), cells))
        return 0
    for mutant in MUTANTS:
        if (ROOT / "contracts" / mutant.source).read_text("utf-8").count(mutant.old) != 1:
            print(f"{mutant.name}: its guard is not once in {mutant.source}", file=sys.stderr)
            return 2
    prepare()
    binary = forge()
    if trial(binary, NOBODYS_BLOCK, "--match-path", UNIT_TESTS) != ("survived", []):
        print(f"the tests fail without a mutant: {WORK / 'last.log'}", file=sys.stderr)
        return 2
    for mutant in log.chosen(options.names):
        block, began = FIRST_BLOCK + MUTANTS.index(mutant), time.monotonic()
        choices = (
            [("--match-test", rf"^{mutant.test}\b")] if mutant.test else [*likely(mutant), ("--match-path", UNIT_TESTS)]
        )
        for choice in choices:
            outcome, failed = trial(binary, block, *choice)
            if outcome != "survived":
                break
        log.add(mutant, began, outcome, failed=failed)
    return log.sum_up()


if __name__ == "__main__":
    sys.exit(main())
