"""Compile the contract into the artifact that the service ships, and check that the committed one is fresh.

    scripts/compile.py             write ledger_service/chain/artifacts/VolunteerCoin.json
    scripts/compile.py --check     exit 1 when the committed artifact is not what the source gives

The settings are foundry.toml's, so that forge tests the very bytes that are deployed.
Exit 0 done, 1 stale or refused by the compiler, 2 could not run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import posixpath
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx
from solcx.exceptions import SolcError

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "contracts" / "VolunteerCoin.sol"
ARTIFACTS = ROOT / "ledger_service" / "chain" / "artifacts"
CACHE = ROOT / ".build" / "solc"
WRAPPER = ROOT / "scripts" / "solc-wrapper"

CODE_BYTES_MAX = 24_576
"""EIP-170."""
INITCODE_BYTES_MAX = 49_152
"""EIP-3860."""

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
IMPORT = re.compile(r"""^\s*import\b[^;"']*["']([^"']+)["']""", re.MULTILINE)

Json = dict[str, Any]


class Refusal(Exception):
    """The source does not give an artifact."""


def foundry_settings() -> Json:
    """The compiler settings of foundry.toml's default profile, as standard JSON names them."""
    profile = tomllib.loads((ROOT / "foundry.toml").read_text("utf-8"))["profile"]["default"]
    return {
        "evmVersion": profile["evm_version"],
        "metadata": {"appendCBOR": profile["cbor_metadata"], "bytecodeHash": profile["bytecode_hash"]},
        "optimizer": {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]},
        "remappings": profile["remappings"],
        "viaIR": profile["via_ir"],
    }


def unit_name(path: Path) -> str:
    """A source's name for the compiler: from the root, as forge names it. A file elsewhere keeps its whole path."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()


def imported_unit(importer: str, target: str, remappings: list[str]) -> str:
    if target.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), target))
    pairs = sorted((pair.split("=", 1) for pair in remappings), key=lambda pair: len(pair[0]), reverse=True)
    return next((path + target[len(prefix) :] for prefix, path in pairs if target.startswith(prefix)), target)


def collect_sources(source: Path, remappings: list[str]) -> dict[str, str]:
    """The file and all that it imports, by unit name. Forge does the same, so the compiler never reads a file."""
    sources: dict[str, str] = {}
    waiting = [unit_name(source)]
    while waiting:
        unit = waiting.pop()
        if unit in sources:
            continue
        path = ROOT / unit
        if not path.is_file():
            raise Refusal(f"no such source: {unit}")
        sources[unit] = path.read_text("utf-8")
        targets = IMPORT.findall(COMMENT.sub("", sources[unit]))
        waiting += [imported_unit(unit, target, remappings) for target in targets]
    return sources


def immutables(node: Any, contract: str = "") -> Iterator[tuple[str, str]]:
    """(AST id, Contract.variable) of each immutable: the compiler gives ids, which move with every file added."""
    if isinstance(node, list):
        for child in node:
            yield from immutables(child, contract)
    elif isinstance(node, dict):
        contract = node["name"] if node.get("nodeType") == "ContractDefinition" else contract
        if node.get("nodeType") == "VariableDeclaration" and node.get("mutability") == "immutable":
            yield str(node["id"]), f"{contract}.{node['name']}"
        for child in node.values():
            yield from immutables(child, contract)


def compile_source(source: Path, sources: dict[str, str], settings: Json) -> Json:
    """The artifact of the contract that has the file's name."""
    unit, name = unit_name(source), source.stem
    output = ["abi", "evm.bytecode", "evm.deployedBytecode"]
    request = {
        "language": "Solidity",
        "sources": {unit: {"content": content} for unit, content in sources.items()},
        "settings": settings | {"outputSelection": {"*": {"": ["ast"]}, unit: {name: output, "": ["ast"]}}},
    }
    try:
        answer = solcx.compile_standard(request, solc_binary=WRAPPER)
    except SolcError as error:
        raise Refusal(str(error).split("> command:", 1)[0].strip()) from None
    for warning in answer.get("errors", ()):
        print(warning["formattedMessage"].rstrip(), file=sys.stderr)
    try:
        contract = answer["contracts"][unit][name]
    except KeyError:
        raise Refusal(f"{unit} has no contract {name}") from None
    creation, deployed = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if creation["linkReferences"]:
        raise Refusal(f"{name} wants libraries linked: make their functions internal")
    names = dict(immutables([answer["sources"][unit]["ast"] for unit in sorted(answer["sources"])]))
    return {
        "abi": contract["abi"],
        "bytecode": "0x" + creation["object"],
        "compiler": solcx.wrapper.get_version_str_from_solc_binary(WRAPPER),
        "contract": name,
        "deployed_bytecode": "0x" + deployed["object"],
        "immutable_references": {names[ident]: spots for ident, spots in deployed["immutableReferences"].items()},
        "settings": settings,
        "source": source.name if unit.startswith("/") else unit,
    }


def code_bytes(hexadecimal: str) -> int:
    return len(hexadecimal.removeprefix("0x")) // 2


def check_sizes(artifact: Json) -> None:
    for what, field, limit in (
        ("code", "deployed_bytecode", CODE_BYTES_MAX),
        ("creation code", "bytecode", INITCODE_BYTES_MAX),
    ):
        if (size := code_bytes(artifact[field])) > limit:
            raise Refusal(f"{artifact['contract']}: {what} of {size:,} bytes is {size - limit:,} above the limit")


def artifact_text(source: Path) -> str:
    """The artifact as it is committed. From the cache where the same sources and settings were compiled before:
    WebAssembly takes its time."""
    settings = foundry_settings()
    sources = collect_sources(source, settings["remappings"])
    compiler = (ROOT / "node_modules" / "solc" / "package.json").read_text("utf-8")
    inputs = [unit_name(source), sources, settings, compiler, Path(__file__).read_text("utf-8")]
    cached = CACHE / f"{hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()}.json"
    if not cached.is_file():
        artifact = compile_source(source, sources, settings)
        check_sizes(artifact)
        write(cached, json.dumps(artifact, indent=2, sort_keys=True) + "\n")
    return cached.read_text("utf-8")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def run(source: Path, artifact: Path, *, check: bool) -> int:
    text = artifact_text(source)
    shown = unit_name(artifact)
    if not check:
        write(artifact, text)
        fresh = json.loads(text)
        print(
            f"{shown}: {code_bytes(fresh['deployed_bytecode']):,} bytes of code (limit {CODE_BYTES_MAX:,}), "
            f"solc {fresh['compiler']}, {fresh['settings']['optimizer']['runs']:,} optimizer runs"
        )
        return 0
    if artifact.is_file() and artifact.read_text("utf-8") == text:
        return 0
    state = "is not what the source gives" if artifact.is_file() else "is missing"
    print(f"{shown} {state}: run make contract and commit it", file=sys.stderr)
    return 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the contract into the artifact that the service ships.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the artifact is stale")
    parser.add_argument("--source", type=Path, default=SOURCE, help="another contract, named like its file")
    parser.add_argument("--artifact", type=Path, help="where to write or look (default: beside the service's code)")
    options = parser.parse_args()
    source = options.source.resolve()
    artifact = (options.artifact or ARTIFACTS / f"{source.stem}.json").resolve()
    try:
        return run(source, artifact, check=options.check)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"{error.filename} is missing: run make setup", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
