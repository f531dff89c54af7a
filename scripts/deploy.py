"""Deploy the contract to a chain that others run too, to the one address that its arguments give.

    scripts/deploy.py --rpc URL --keystore FILE --passphrase-file FILE \\
        --district 11680 --environment production --office-key 0x… --office-key 0x… --guardian 0x… [--dry-run]

The office keys are the first ones, in the order given (another order is another address). The keystore is the sender's,
who pays and gets no right by it. A contract that is there already is left as it is. --dry-run sends nothing.
Exit 0 deployed, or there already, or a dry run; 1 refused; 2 wrong use or could not run.
"""

from __future__ import annotations

import argparse
import json
import stat
import sys
from pathlib import Path

from ledger_service.chain.contract import load_artifact
from ledger_service.chain.deploy import Deployment, deploy
from ledger_service.chain.hexes import bytes_of, hex_of
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import is_well_known, open_keystore
from ledger_service.errors import BoramError, Unavailable

WEI_A_GWEI = 10**9
PASSPHRASE_BYTES_MAX = 4_096


def address(text: str) -> bytes:
    """A 20-byte address of the command line."""
    try:
        return bytes_of(text.lower(), 20)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def district(text: str) -> str:
    """A code that fits bytes32."""
    if not 1 <= len(text.encode()) <= 31:
        raise argparse.ArgumentTypeError("a code has 1 to 31 bytes")
    return text


def passphrase_of(path: Path) -> str:
    """The first line of a file that only its owner reads."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PermissionError(f"{path} is open to others; run: chmod 600 {path}")
    lines = path.read_bytes()[:PASSPHRASE_BYTES_MAX].decode().splitlines()
    return lines[0] if lines else ""


def tell(deployment: Deployment, *, is_dry_run: bool, as_json: bool) -> None:
    """What was done, or would be."""
    block_hash = None if deployment.block_hash is None else hex_of(deployment.block_hash)
    if as_json:
        told = {
            "address": hex_of(deployment.address),
            "isThere": deployment.is_there,
            "block": deployment.block,
            "blockHash": block_hash,
            "codeHash": hex_of(deployment.code_hash),
            "gas": deployment.gas,
            "costWeiMax": str(deployment.cost),
        }
        print(json.dumps(told))
        return
    print(f"contract   {hex_of(deployment.address)}")
    print(f"code hash  {hex_of(deployment.code_hash)}")
    if deployment.block is not None:
        print(f"block      {deployment.block} {block_hash}")
    if deployment.is_there and deployment.gas == 0:
        print("It was there already; nothing was sent.")
        return
    print(f"gas        {deployment.gas:,}")
    print(f"cost       at most {deployment.cost / WEI_A_GWEI:,.0f} gwei")
    if is_dry_run:
        print("Dry run: nothing was sent.")


def options_of(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Deploy the contract to the address that its arguments give.")
    parser.add_argument("--rpc", required=True, metavar="URL")
    parser.add_argument("--keystore", required=True, type=Path, metavar="FILE", help="the sender's, V3, mode 0600")
    parser.add_argument("--passphrase-file", required=True, type=Path, metavar="FILE", help="first line, mode 0600")
    parser.add_argument("--district", required=True, type=district, help="the district's code")
    parser.add_argument("--environment", required=True, type=district, help="for instance production")
    parser.add_argument("--office-key", required=True, type=address, action="append", metavar="ADDRESS")
    parser.add_argument("--guardian", required=True, type=address, metavar="ADDRESS")
    parser.add_argument("--dry-run", action="store_true", help="print address, gas and cost; send nothing")
    parser.add_argument("--allow-test-keys", action="store_true", help="accept keys of the well-known test mnemonic")
    parser.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = options_of(arguments)
    named = [*options.office_key, options.guardian]
    known = [hex_of(key) for key in named if is_well_known(key)]
    if known and not options.allow_test_keys:
        print(f"everybody has the key of {', '.join(known)}: take another, or --allow-test-keys", file=sys.stderr)
        return 1
    try:
        signer = open_keystore(options.keystore, passphrase_of(options.passphrase_file))
        with Rpc(options.rpc) as rpc:
            deployment = deploy(
                rpc,
                signer,
                load_artifact(),
                district=options.district,
                environment=options.environment,
                office_keys=options.office_key,
                guardian=options.guardian,
                dry_run=options.dry_run,
            )
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 2
    except BoramError as error:
        print(error, file=sys.stderr)
        return 1
    except (OSError, UnicodeDecodeError) as error:
        print(error, file=sys.stderr)
        return 2
    tell(deployment, is_dry_run=options.dry_run, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
