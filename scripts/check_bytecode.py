"""Check that the code on a chain is what this repository's source gives.

    scripts/check_bytecode.py --rpc URL --contract ADDRESS [--district CODE]

For anybody: it needs a node and this repository. The committed artifact is compiled from the source (`scripts/compile.py
--check` proves that), the deployed code is compared with it byte by byte, and the values that the constructor writes
(chain id, own address, the domain of the signatures, the district) are compared one by one.
Exit 0 the same, 1 it differs, 2 wrong use or could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ledger_service.chain.contract import load_artifact
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc, read_answer
from ledger_service.domain.hashing import keccak
from ledger_service.errors import BoramError


def address(text: str) -> bytes:
    """A 20-byte address of the command line."""
    try:
        return bytes_of(text.lower(), 20)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Check that the code on a chain is what this repository's source gives."
    )
    parser.add_argument("--rpc", required=True, metavar="URL")
    parser.add_argument("--contract", required=True, type=address, metavar="ADDRESS")
    parser.add_argument("--district", help="the code that the contract must carry; without it, it is only shown")
    parser.add_argument("--artifact", type=Path, metavar="FILE", help="another one than the committed")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    try:
        artifact = load_artifact(options.artifact)
        with Rpc(options.rpc) as rpc:
            chain_id, told = rpc.batch([("eth_chainId", []), ("eth_getCode", [hex_of(options.contract), "latest"])])
        chain_id, code = read_answer(number_of, chain_id), read_answer(bytes_of, told)
    except (BoramError, OSError, KeyError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    found = (
        artifact.differences(code, chain_id=chain_id, address=options.contract, district=options.district)
        if code
        else [f"there is no code at {hex_of(options.contract)}"]
    )
    district = "" if found else artifact.district_of(code)
    if options.json:
        told_code = {"codeHash": hex_of(keccak(code)), "chainId": chain_id, "district": district}
        print(json.dumps({"differences": found} | told_code))
    elif found:
        print(f"{hex_of(options.contract)} on chain {chain_id} is not this contract:")
        for difference in found:
            print(f"  {difference}")
    else:
        print(f"{hex_of(options.contract)} on chain {chain_id} is this contract, for district {district!r}")
        print(f"code hash {hex_of(keccak(code))}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
