"""Deployment to an address that depends on nothing but the contract, the district, the environment and the first keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger_service.chain.artifact import Artifact
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.identity import NotOurChain, find_deploy_block
from ledger_service.chain.rpc import Rpc, RpcFault, read_answer
from ledger_service.chain.signing import Signer, sign_transaction
from ledger_service.chain.transactions import (
    TRANSACTION_GAS_MAX,
    Receipt,
    broadcast,
    estimate_gas,
    nonce_of,
    receipts_of,
    suggest_fees,
)
from ledger_service.domain.hashing import keccak, text_word, word
from ledger_service.errors import Refused, Unavailable

FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
FACTORY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0"
    "3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3"
)
"""github.com/Arachnid/deterministic-deployment-proxy: CREATE2 of the calldata's rest, with its first word as salt."""

GAS_MARGIN_PERCENT = 20
RECEIPT_POLLS_MAX = 1_200
RECEIPT_POLL_SECONDS = 0.05


class DeploymentRefused(Refused):
    """The chain cannot take the contract: no factory, or the deployment reverts."""

    code = "deployment_refused"


class DeploymentUnsettled(Unavailable):
    """The deployment was sent and is in no block yet; the same command finds out how it ended."""

    code = "deployment_unsettled"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contract stands, or would (a dry run: `is_there` is false, `gas` estimated).

    Block and hash are None for a dry run, and where the contract was there before and the node has no old states to
    search. `gas` is 0 for one that was there before; `cost` is the largest price in wei.
    """

    address: bytes
    is_there: bool
    block: int | None
    block_hash: bytes | None
    code_hash: bytes
    gas: int
    cost: int


def init_code(artifact: Artifact, district: str, office_keys: Sequence[bytes], guardian: bytes) -> bytes:
    """The creation code with `(bytes32 district, address[] officeKeys, address guardian)`; keys in the given order."""
    return b"".join(
        [
            artifact.bytecode,
            text_word(district),
            word(3 * 32),
            guardian.rjust(32, b"\0"),
            word(len(office_keys)),
            *(key.rjust(32, b"\0") for key in office_keys),
        ]
    )


def contract_address(
    artifact: Artifact, district: str, environment: str, office_keys: Sequence[bytes], guardian: bytes
) -> bytes:
    """The 20 bytes where the factory puts the contract (CREATE2, EIP-1014), on every chain."""
    code = init_code(artifact, district, office_keys, guardian)
    return keccak(b"\xff" + FACTORY + _salt(district, environment) + keccak(code))[12:]


def _salt(district: str, environment: str) -> bytes:
    return keccak(text_word(district) + text_word(environment))


def ensure_factory(rpc: Rpc) -> None:
    """Put the factory onto the embedded chain where it is not there. Not for a chain that others run too."""
    if _code_at(rpc, FACTORY) != FACTORY_CODE:
        rpc.call("anvil_setCode", [hex_of(FACTORY), hex_of(FACTORY_CODE)])


def deploy(
    rpc: Rpc,
    signer: Signer,
    artifact: Artifact,
    *,
    district: str,
    environment: str,
    office_keys: Sequence[bytes],
    guardian: bytes,
    dry_run: bool,
    sleep: Callable[[float], None] = time.sleep,
) -> Deployment:
    """Bring the contract onto the chain and wait for it; nothing is sent when it is there already, or in a dry run.

    Raises DeploymentRefused, DeploymentUnsettled, NotOurChain (another code at the address), RpcUnavailable, RpcFault.
    """
    address = contract_address(artifact, district, environment, office_keys, guardian)
    chain_id = read_answer(number_of, rpc.call("eth_chainId"))
    expected = artifact.deployed_code(chain_id=chain_id, address=address, district=district)
    code_hash = keccak(expected)
    there = _code_at(rpc, address)
    if there:
        if there != expected:
            raise NotOurChain([f"{hex_of(address)} holds another code"])
        block = _deploy_block_or_none(rpc, address)
        block_hash = None if block is None else _block_hash(rpc, block)
        return Deployment(address, True, block, block_hash, code_hash, 0, 0)
    if _code_at(rpc, FACTORY) != FACTORY_CODE:
        raise DeploymentRefused(
            f"the deployment factory is not at {hex_of(FACTORY)}; put it there first "
            "(github.com/Arachnid/deterministic-deployment-proxy)",
            f"배포 팩토리가 {hex_of(FACTORY)} 주소에 없습니다. 먼저 설치하세요 "
            "(github.com/Arachnid/deterministic-deployment-proxy)",
        )
    data = _salt(district, environment) + init_code(artifact, district, office_keys, guardian)
    try:
        estimated = estimate_gas(rpc, signer.address, FACTORY, data)
    except RpcFault as fault:
        raise DeploymentRefused(
            f"the contract does not deploy: {fault.fault_message} (two different office keys at least, "
            "and a guardian that is none of them?)",
            f"계약을 배포할 수 없습니다: {fault.fault_message} "
            "(서로 다른 사무국 키가 두 개 이상이고 가디언이 그중 하나가 아닌지 확인하세요)",
        ) from fault
    fees = suggest_fees(rpc)
    gas = min(estimated + estimated * GAS_MARGIN_PERCENT // 100, TRANSACTION_GAS_MAX)
    if dry_run:
        return Deployment(address, False, None, None, code_hash, estimated, gas * fees.max_fee)
    signed = sign_transaction(
        signer,
        chain_id=chain_id,
        nonce=nonce_of(rpc, signer.address, "pending"),
        to=FACTORY,
        data=data,
        gas=gas,
        max_fee=fees.max_fee,
        max_priority_fee=fees.max_priority_fee,
    )
    broadcast(rpc, signed.raw)
    receipt = _wait(rpc, signed.hash, sleep)
    if not receipt.succeeded or _code_at(rpc, address) != expected:
        raise DeploymentRefused(f"the deployment in transaction {hex_of(signed.hash)} failed")
    return Deployment(
        address, True, receipt.block_number, receipt.block_hash, code_hash, receipt.gas_used, gas * fees.max_fee
    )


def _wait(rpc: Rpc, hash_: bytes, sleep: Callable[[float], None]) -> Receipt:
    for _ in range(RECEIPT_POLLS_MAX):
        (receipt,) = receipts_of(rpc, [hash_])
        if receipt is not None:
            return receipt
        sleep(RECEIPT_POLL_SECONDS)
    raise DeploymentUnsettled(
        f"transaction {hex_of(hash_)} is in no block yet; run the same command again later",
        f"거래 {hex_of(hash_)}이(가) 아직 블록에 없습니다. 나중에 같은 명령을 다시 실행하세요",
        transaction=hex_of(hash_),
    )


def _code_at(rpc: Rpc, address: bytes) -> bytes:
    return read_answer(bytes_of, rpc.call("eth_getCode", [hex_of(address), "latest"]))


def _deploy_block_or_none(rpc: Rpc, address: bytes) -> int | None:
    try:
        return find_deploy_block(rpc, address)
    except RpcFault:
        return None


def _block_hash(rpc: Rpc, number: int) -> bytes:
    block = rpc.call("eth_getBlockByNumber", [hex(number), False])
    return read_answer(lambda answer: bytes_of(answer["hash"], 32), block)
