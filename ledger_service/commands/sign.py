"""`boram sign`: on a centre's own machine, without a service, a database or a network."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ledger_service.adapters.home import read_secret, write_secret
from ledger_service.adapters.keys import ENTROPY_BYTES
from ledger_service.adapters.signed_batches import SignedBatches
from ledger_service.chain.signing import LocalSigner, create_keystore, keystore_address, new_private_key, open_keystore
from ledger_service.commands.ask import CannotRun
from ledger_service.commands.show import say, show_table
from ledger_service.domain.entries import Kind
from ledger_service.domain.handover import HandoverUnreadable, read, shown

FILE_BYTES_MAX = 64 * 2**20


def sign(file: Path, out: Path, key: Path, passphrase_file: Path, *, ask: bool) -> bool:
    """Show each batch, recomputed from its entries, and sign them all; False where the person says no. Raises SecondDigest."""
    try:
        content = json.loads(file.read_bytes()[: FILE_BYTES_MAX + 1])
    except ValueError as error:
        raise HandoverUnreadable("this is no file of batches to sign", "서명할 묶음 파일이 아닙니다") from error
    domain, batches = read(content)
    book = SignedBatches(key.with_suffix(".signed.jsonl"))
    say(
        f"chain {domain.chain_id}, contract 0x{domain.contract.hex()}",
        f"체인 {domain.chain_id}, 컨트랙트 0x{domain.contract.hex()}",
    )
    rows, largest = [], []
    for batch in batches:
        one = shown(domain, batch)
        rows.append(
            (one.desk, one.seq, one.day, one.count, one.units, one.previous_head.hex()[:16], one.head.hex()[:16])
        )
        largest += [(one.seq, units, Kind(kind).name.lower(), account) for units, kind, account in one.largest]
    columns = [
        ("desk", "기관"), ("batch", "묶음"), ("day", "날짜"), ("entries", "건수"), ("units", "수량 합계"),
        ("previous head", "앞 묶음"), ("head", "이 묶음"),
    ]  # fmt: skip
    show_table(columns, rows)
    show_table([("batch", "묶음"), ("units", "수량"), ("kind", "종류"), ("account", "계정")], largest)
    if ask:
        import typer

        if not typer.confirm("sign? / 서명할까요?"):
            return False
    signer = _signer(key, passphrase_file)
    signatures = []
    with book.locked():
        for batch in sorted(batches, key=lambda one: one.seq):
            book.require_new(domain, batch)
            book.remember(domain, batch)  # before the signature is told to anybody
            head = batch.digest(domain)
            signatures.append(
                {"seq": batch.seq, "head": f"0x{head.hex()}", "signatures": [f"0x{signer.sign_digest(head).hex()}"]}
            )
    desk = batches[0].desk if batches else content["desk"]
    write_secret(out, json.dumps({"version": 1, "desk": desk, "batches": signatures}).encode())
    say(
        f"signed {len(signatures)} batches with 0x{signer.address.hex()}: {out}",
        f"묶음 {len(signatures)}개에 서명했습니다: {out}",
    )
    return True


def make_key(key: Path, passphrase_file: Path) -> None:
    """Make a keystore on this machine and print its address. Raises KeystoreUnusable where the file exists."""
    create_keystore(key, new_private_key(os.urandom(ENTROPY_BYTES)), _passphrase(passphrase_file), light=False)
    address = f"0x{keystore_address(key).hex()}"
    say(
        f"{key}: {address}; the coin office registers it: boram desk rotate DESK --key {address}",
        f"{key}: {address}. 코인 담당 부서가 등록합니다: boram desk rotate 기관번호 --key {address}",
    )


def _signer(key: Path, passphrase_file: Path) -> LocalSigner:
    return open_keystore(key, _passphrase(passphrase_file))


def _passphrase(passphrase_file: Path) -> str:
    stored = read_secret(passphrase_file)
    if not stored or not stored.strip():
        raise CannotRun(
            f"there is no passphrase at {passphrase_file}: write it there (chmod 600)",
            f"{passphrase_file}에 암호가 없습니다. 그 자리에 적어 두세요(chmod 600)",
        )
    return stored.decode().splitlines()[0].strip()
