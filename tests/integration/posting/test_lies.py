"""A node that says one thing once: a log left out, a forged one, another nonce, another head. It costs a pass, and never money or a desk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ledger_service.chain.contract import ChainLies
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.posting.loops import Poster
from tests.integration.posting.conftest import Place
from tests.integration.posting.town import poster_of

Forge = Callable[[Any], Any]


class LiesOnce(Rpc):
    """A node whose next answer to one method, where `forge` changes it, is another one."""

    method = ""
    forge: Forge | None = None

    def lie(self, method: str, forge: Forge) -> None:
        """From now on, once."""
        self.method, self.forge = method, forge

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        return self._said(method, super().call(method, params))

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        answers = super().batch(calls)
        return [self._said(method, answer) for (method, _), answer in zip(calls, answers, strict=True)]

    def _said(self, method: str, answer: Any) -> Any:
        if method != self.method or self.forge is None or isinstance(answer, RpcFault):
            return answer
        forged = self.forge(answer)
        if forged != answer:
            self.forge = None
        return forged


def other_digit(text: str) -> str:
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def nothing(_logs: Any) -> Any:
    return []


def other_coins(logs: Any) -> Any:
    """The first batch that landed has moved other coins."""
    return [log | {"data": log["data"][:-65] + other_digit(log["data"][-65:-64]) + log["data"][-64:]} for log in logs]


def other_head(logs: Any) -> Any:
    return [log | {"data": "0x" + "ab" * 32 + log["data"][66:]} for log in logs]


def started(place: Place, rpc: Rpc) -> Poster:
    place.poster().prepare()
    poster = poster_of(place.town, rpc, None)
    poster.run_until_quiet()
    return poster


@pytest.mark.parametrize("forge", [nothing, other_coins, other_head])
def test_logs_that_the_storage_does_not_bear_out_are_read_again(sqlite_place: Place, forge: Forge) -> None:
    town = sqlite_place.town
    people = town.found()
    with LiesOnce(sqlite_place.anvil.url) as rpc:
        poster = started(sqlite_place, rpc)
        town.credit(1, people)
        while poster.books_pass():
            pass
        poster.sender.send_step()
        rpc.lie("eth_getLogs", forge)
        with pytest.raises(ChainLies):
            poster.follower.follow_step()
        assert town.available(people) == [0] * len(people)
        poster.run_until_quiet()
        assert rpc.forge is None
    assert town.available(people) == [10] * len(people)
    assert poster.findings.all() == {}


def one_post_more(returned: str) -> str:
    """`status()` of the next block; what else is asked stays."""
    return f"0x{int(returned[:66], 16) + 1:064x}{returned[66:]}" if len(returned) == 2 + 5 * 64 else returned


def test_a_state_that_is_ahead_of_its_block_for_a_moment_is_asked_for_again(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    with LiesOnce(sqlite_place.anvil.url) as rpc:
        poster = started(sqlite_place, rpc)
        town.credit(1, people)
        while poster.books_pass():
            pass
        poster.sender.send_step()
        rpc.lie("eth_call", one_post_more)
        poster.follower.follow_step()
        assert rpc.forge is None
    assert town.available(people) == [10] * len(people)


def test_a_nonce_beyond_the_next_leaves_no_gap(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    with LiesOnce(sqlite_place.anvil.url) as rpc:
        poster = started(sqlite_place, rpc)
        town.credit(1, people)
        rpc.lie("eth_getTransactionCount", lambda nonce: hex(int(nonce, 16) + 2))
        poster.run_until_quiet()
        assert rpc.forge is None
        town.credit(2, people)
        poster.run_until_quiet()
        assert poster.chain.contract.totals("latest").credited == 20 * len(people)
    assert town.available(people) == [20] * len(people)
    assert poster.findings.all() == {}


def test_one_answer_about_a_head_stops_no_desk(sqlite_place: Place) -> None:
    town = sqlite_place.town
    people = town.found()
    with LiesOnce(sqlite_place.anvil.url) as rpc:
        poster = started(sqlite_place, rpc)
        town.credit(1, people)
        poster.run_until_quiet()
        town.credit(1, people)
        while poster.books_pass():
            pass
        head = poster.chain.contract.tips([1], "latest")[1].head.hex()
        rpc.lie("eth_call", lambda returned: returned.replace(head, "ab" * 32))
        with pytest.raises(ChainLies):
            poster.sender.send_step()
        poster.run_until_quiet()
    assert town.available(people) == [20] * len(people)
    assert poster.findings.all() == {}
