"""Bringing a chain to what the books say: deploying to a new one, checking one that is there, rebuilding a lost one.

A chain is rebuilt by posting every order and batch again in post-number order. Nothing that decides money depends on block time or number, so
heads, skips and post numbers come out the same, and that is checked before the books take the new chain for theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger_service.chain.anvil import send_in_one_block
from ledger_service.chain.deploy import deploy, ensure_factory
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.identity import NotOurChain, differences, read_identity
from ledger_service.chain.rpc import RpcFault, read_answer
from ledger_service.chain.signing import sign_transaction
from ledger_service.chain.transactions import TRANSACTION_GAS_MAX, nonce_of, suggest_fees
from ledger_service.domain.amounts import in_coins
from ledger_service.domain.batches import OFFICE_DESK, Domain
from ledger_service.errors import Refused, Unavailable
from ledger_service.journal.batches import BatchMark, BatchRow
from ledger_service.journal.chain_marks import BLOCKS_KEPT, IdentityRow
from ledger_service.journal.posts import Post
from ledger_service.posting.landings import Landing, read_landings
from ledger_service.posting.outside_moves import skips_of
from ledger_service.posting.packing import Pack, pack
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.posting.progress import Progress
from ledger_service.posting.watch import to_identity

PAGE_BATCHES = 200
BLOCK_TRANSACTIONS_MAX = 50  # at 16.8 M gas each they stay below the embedded chain's block limit of 1,000 M
READ_BLOCKS = 64
FUNDS_WEI = 10**24


class RebuildDiffers(Unavailable):
    """A rebuilt chain did not come out as the books say."""

    code = "rebuild_differs"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the chain did not come out as the books say: {reason}. Run: boram doctor",
            f"다시 만든 체인이 장부와 다릅니다: {reason}. 실행하세요: boram doctor",
        )


class OtherContract(Refused):
    """The books were begun with other settings, or with a version of Boram whose contract has another address."""

    code = "other_contract"

    def __init__(self, books: IdentityRow, ours: Domain) -> None:
        mine = f"{hex_of(books.contract)} on chain {books.chain_id}"
        here = f"{hex_of(ours.contract)} on chain {ours.chain_id}"
        super().__init__(
            f"these books are for contract {mine}, this version and its settings are for {here}: start them with the version, district, "
            "environment and keys they were begun with, or begin a new BORAM_HOME",
            f"이 장부는 다른 컨트랙트({mine})의 것입니다(지금은 {here}). "
            "장부를 만든 버전과 설정으로 실행하거나 새 BORAM_HOME을 쓰세요",
        )


def prepare_chain(context: PostingContext, chain: ChainAccess, progress: Progress) -> None:
    """Have a chain that the books belong to. Raises OtherContract, NotOurChain (an external chain that is another one), RebuildDiffers.

    Books that never met a chain take the one that is there, and the contract is deployed to it where it is missing. The embedded chain, which
    forgets everything when it ends, is rebuilt; one that survived, and every external chain, is only checked.
    """
    _fund(chain)
    with context.journal.read() as unit:
        identity = unit.chain_marks.identity()
    if identity is None:
        found = _deploy(chain)
        with context.journal.write() as unit:
            _require_ours(context, found)
            unit.chain_marks.set_identity(found)
            unit.chain_marks.add_blocks([(found.deploy_block, found.deploy_block_hash)])
            unit.commit()
        return
    _require_ours(context, identity)
    differing = _differences(chain, identity)
    if not differing:
        return
    if chain.embedded is None:
        raise NotOurChain(differing)
    rebuild(context, chain, progress)


def rebuild(context: PostingContext, chain: ChainAccess, progress: Progress) -> None:
    """Make the embedded chain again from the books. What the books call posted or final is on it when this returns."""
    assert chain.embedded is not None, "a chain that others run is restored, not rebuilt"
    with context.journal.read() as unit:
        identity, posts = unit.chain_marks.identity(), unit.posts.last_number()
    if identity is not None:
        _require_ours(context, identity)
    if not chain.embedded.is_alive() or _has_contract(context, chain):
        chain.embedded.restart()  # half a rebuild, or somebody's trial: an empty chain is the only sure start
        chain.rpc.url = chain.embedded.url
    _fund(chain)
    found = _deploy(chain)
    with context.journal.write() as unit:
        unit.transactions.forget_chain()
        unit.commit()
    _post_all(context, chain, posts, progress)
    blocks = _check_all(context, chain, found.deploy_block + 1, posts, progress)
    with context.journal.write() as unit:
        unit.chain_marks.set_identity(found)
        unit.chain_marks.add_blocks([(found.deploy_block, found.deploy_block_hash), *blocks][-BLOCKS_KEPT:])
        unit.commit()


def restore(context: PostingContext, chain: ChainAccess) -> list[str]:
    """Take the chain that is there for ours (`boram chain restore`), if it is another one: what differed, nothing where it is ours.

    The contract is deployed to the same address, and everything that had a place on the lost chain waits to be posted again. Raises OtherContract,
    and what `deploy` raises.
    """
    with context.journal.read() as unit:
        identity = unit.chain_marks.identity()
    if identity is not None:
        _require_ours(context, identity)
        differing = _differences(chain, identity)
        if not differing:
            return []
    else:
        differing = ["the books were on no chain yet"]
    _fund(chain)
    found = _deploy(chain)
    _require_ours(context, found)
    with context.journal.write() as unit:
        unit.transactions.forget_chain()
        unit.posts.rewind(-1)
        unit.chain_marks.set_identity(found)
        unit.chain_marks.add_blocks([(found.deploy_block, found.deploy_block_hash)])
        unit.commit()
    return differing


def post_again(
    context: PostingContext, chain_pass: Callable[[], int], progress: Progress, wait: Callable[[], bool]
) -> int:
    """Pass after pass until all that was lost is on the chain again, at its old post number and with its old skips; how many batches.

    `wait` lets time pass between two passes that did nothing; where it says False, it was too long. Raises RebuildDiffers.
    """
    with context.journal.read() as unit:
        before, lost = unit.posts.places(), unit.posts.lost_count()
    left = lost
    while left:
        if not chain_pass() and not wait():
            raise RebuildDiffers(f"{left} of {lost} batches do not land")
        with context.journal.read() as unit:
            left = unit.posts.lost_count()
        progress("posting again", lost - left, lost)
    with context.journal.read() as unit:
        after = unit.posts.places()
    for (desk, seq), place in before.items():
        if after.get((desk, seq)) != place:
            raise RebuildDiffers(
                f"batch {seq} of desk {desk} has another post number, or skips other entries, than before"
            )
    return lost


def _fund(chain: ChainAccess) -> None:
    """The embedded chain's factory, the sender's coins for gas, and mining at once (a killed process may have left it off)."""
    if chain.embedded is None:
        return
    ensure_factory(chain.rpc)
    chain.rpc.call("anvil_setBalance", [hex_of(chain.sender.address), hex(FUNDS_WEI)])
    chain.rpc.call("evm_setAutomine", [True])


def _deploy(chain: ChainAccess) -> IdentityRow:
    deployer = chain.deployer
    done = deploy(
        chain.rpc,
        chain.sender,
        deployer.artifact,
        district=deployer.district,
        environment=deployer.environment,
        office_keys=deployer.office_keys,
        guardian=deployer.guardian,
        dry_run=False,
    )
    found = read_identity(chain.rpc, done.address, done.block)
    return IdentityRow(
        found.chain_id, found.genesis_hash, found.contract, found.code_hash, found.deploy_block, found.deploy_block_hash
    )


def _require_ours(context: PostingContext, identity: IdentityRow) -> None:
    """Every head is bound to one chain id and one contract: with other settings, or another version's contract, none would land."""
    wanted = context.domain
    if (identity.chain_id, identity.contract) != (wanted.chain_id, wanted.contract):
        raise OtherContract(identity, wanted)


def _differences(chain: ChainAccess, identity: IdentityRow) -> list[str]:
    try:
        return differences(to_identity(identity), read_identity(chain.rpc, identity.contract, identity.deploy_block))
    except NotOurChain as error:
        return error.differences


def _has_contract(context: PostingContext, chain: ChainAccess) -> bool:
    code = chain.rpc.call("eth_getCode", [hex_of(context.domain.contract), "latest"])
    return bool(read_answer(bytes_of, code))


def _post_all(context: PostingContext, chain: ChainAccess, posts: int, progress: Progress) -> None:
    done = 0
    while done < posts:
        with context.journal.read() as unit:
            rows = unit.posts.in_post_order(done, PAGE_BATCHES)
        if not rows or rows[0].post_number != done + 1:
            raise RebuildDiffers(f"post {done + 1} is missing in the books")
        _post_page(context, chain, rows)
        landed = chain.contract.status("latest").posts
        if landed != rows[-1].post_number:
            raise RebuildDiffers(f"{landed} of {rows[-1].post_number} batches landed")
        done = landed
        progress("rebuilding the chain", done, posts)


def _post_page(context: PostingContext, chain: ChainAccess, rows: Sequence[BatchRow]) -> None:
    packs = pack(rows)
    for start in range(0, len(packs), BLOCK_TRANSACTIONS_MAX):
        _send(context, chain, packs[start : start + BLOCK_TRANSACTIONS_MAX])
    landed = chain.contract.status("latest").posts
    missing = [row for row in rows if row.post_number is not None and row.post_number > landed]
    for row in missing:  # its bound was too low: it had a transaction of its own the first time, too
        _send(context, chain, pack([row], [row.key]))


def _send(context: PostingContext, chain: ChainAccess, packs: Sequence[Pack]) -> None:
    """Not stored first: a crash leaves an embedded chain that is thrown away."""
    nonce = nonce_of(chain.rpc, chain.sender.address, "latest")
    fees = suggest_fees(chain.rpc)
    raws = [
        sign_transaction(
            chain.sender,
            chain_id=context.domain.chain_id,
            nonce=nonce + at,
            to=context.domain.contract,
            data=one.calldata(),
            gas=TRANSACTION_GAS_MAX,
            max_fee=fees.max_fee,
            max_priority_fee=fees.max_priority_fee,
        ).raw
        for at, one in enumerate(packs)
    ]
    for answer in send_in_one_block(chain.rpc, raws):
        if isinstance(answer, RpcFault):
            raise answer


def _check_all(
    context: PostingContext, chain: ChainAccess, from_block: int, posts: int, progress: Progress
) -> list[tuple[int, bytes]]:
    """Compare every landing with the books and write down its new place; the blocks that were read."""
    latest = read_answer(number_of, chain.rpc.call("eth_blockNumber"))
    blocks: list[tuple[int, bytes]] = []
    done = 0
    for start in range(from_block, latest + 1, READ_BLOCKS):
        reading = read_landings(chain.contract, start, min(start + READ_BLOCKS - 1, latest))
        for at in range(0, len(reading.landings), PAGE_BATCHES):
            _check_page(context, reading.landings[at : at + PAGE_BATCHES])
        blocks = [*blocks, *reading.blocks][-BLOCKS_KEPT:]
        done += len(reading.landings)
        progress("checking the chain", done, posts)
    if done != posts:
        raise RebuildDiffers(f"{done} of {posts} batches are on it")
    return blocks


def _check_page(context: PostingContext, landings: Sequence[Landing]) -> None:
    keys = [landing.key for landing in landings]
    with context.journal.read() as unit:
        marks, skips = unit.batches.marks(keys), skips_of(unit, keys)
    for landing in landings:
        _check(landing, marks.get(landing.key), skips.get(landing.key, []))
    with context.journal.write() as unit:
        unit.posts.mark_posted([_place(landing) for landing in landings])
        unit.commit()


def _check(landing: Landing, mark: BatchMark | None, skips: Sequence[tuple[int, int, int]]) -> None:
    event = landing.event
    name = f"batch {event.seq} of desk {event.desk}"
    if mark is None or mark.head != event.head or mark.post_number != event.post_number:
        raise RebuildDiffers(f"{name} has another head or post number")
    if len(landing.skips) != mark.skipped:
        raise RebuildDiffers(f"{name} skips {len(landing.skips)} entries, {mark.skipped} before")
    if event.desk == OFFICE_DESK:
        return
    if tuple((position, reason) for position, reason, _ in skips) != landing.skips:
        raise RebuildDiffers(f"{name} skips other entries than before")
    if mark.coins - sum(coins for _, _, coins in skips) != event.coins_applied:
        raise RebuildDiffers(f"{name} moves {in_coins(event.coins_applied)}, not what the books say")


def _place(landing: Landing) -> Post:
    event = landing.event
    return Post(
        event.desk,
        event.seq,
        event.post_number,
        event.position.block_number,
        event.position.transaction_hash,
        len(landing.skips),
    )


__all__ = ["Progress", "RebuildDiffers", "post_again", "prepare_chain", "rebuild", "restore"]
