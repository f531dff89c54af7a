"""What the RPC client makes of slow, broken and lying nodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from ledger_service.chain.rpc import BATCH_CALLS_MAX, Rpc, RpcFault, RpcReplyTooLarge, RpcUnavailable, read_answer
from ledger_service.errors import Refused, Unavailable
from tests.chain.fake_node import FakeNode


def replying(make: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    return lambda body: orjson.dumps(make(orjson.loads(body)))


def result(request: Any, value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


@pytest.fixture
def rpc(node: FakeNode) -> Iterator[Rpc]:
    with Rpc(node.url, timeout_seconds=20, reply_bytes_max=100_000) as client:
        yield client


def test_a_call_gives_its_result(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda request: result(request, request["params"]))
    assert rpc.call("m", [1, "x"]) == [1, "x"]
    assert rpc.call("m") == []
    assert node.asked[0]["method"] == "m"
    assert node.asked[0]["id"] != node.asked[1]["id"]


def test_a_null_result_is_a_result(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda request: result(request, None))
    assert rpc.call("m") is None


def test_a_fault_carries_number_words_and_data(node: FakeNode, rpc: Rpc) -> None:
    error = {"code": -32000, "message": "nonce too low", "data": "0x01"}
    node.answer = replying(lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": error})
    with pytest.raises(RpcFault) as raised:
        rpc.call("m")
    assert (raised.value.fault_code, raised.value.fault_message, raised.value.data) == (-32000, "nonce too low", "0x01")
    assert isinstance(raised.value, Refused)


def test_a_fault_without_number_is_a_fault(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda _request: {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "?"}})
    with pytest.raises(RpcFault):
        rpc.call("m")
    with pytest.raises(RpcFault):
        rpc.batch([("m", []), ("m", [])])


BROKEN: list[Callable[[Any], Any]] = [
    lambda request: [],
    lambda request: "result",
    lambda request: {},
    lambda request: {"jsonrpc": "2.0", "id": request["id"]},
    lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "result": 1},
    lambda request: {"jsonrpc": "2.0", "result": 1},
    lambda request: {"jsonrpc": "2.0", "id": str(request["id"]), "result": 1},
    lambda request: {"jsonrpc": "2.0", "id": request["id"] + 1, "error": {"code": -1, "message": ""}},
    lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": "no"},
    lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": {"code": "x", "message": ""}},
]


@pytest.mark.parametrize("make", BROKEN)
def test_what_is_no_answer_tells_nothing(node: FakeNode, rpc: Rpc, make: Callable[[Any], Any]) -> None:
    node.answer = replying(make)
    with pytest.raises(RpcUnavailable) as raised:
        rpc.call("m")
    assert isinstance(raised.value, Unavailable)


@pytest.mark.parametrize("raw", [b"", b"<html>", b'{"jsonrpc":"2.0","id":1,"resu', b"\xff\xfe", b"NaN"])
def test_what_is_no_json_tells_nothing(node: FakeNode, rpc: Rpc, raw: bytes) -> None:
    node.answer = lambda _body: raw
    with pytest.raises(RpcUnavailable, match="JSON"):
        rpc.call("m")


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 502, 503])
def test_any_other_status_than_200_tells_nothing(node: FakeNode, rpc: Rpc, status: int) -> None:
    node.status = status
    node.answer = replying(lambda request: result(request, 1))
    with pytest.raises(RpcUnavailable, match=str(status)):
        rpc.call("m")


def test_a_hanging_node_is_given_up_in_time(node: FakeNode) -> None:
    release = threading.Event()

    def hang(_body: bytes) -> None:
        release.wait(20)

    node.answer = hang
    with Rpc(node.url, timeout_seconds=0.2) as rpc, pytest.raises(RpcUnavailable, match="Timeout"):
        rpc.call("m")
    release.set()


def test_a_dripping_answer_is_given_up_in_time(node: FakeNode) -> None:
    node.answer = replying(lambda request: result(request, "x" * 1_000_000))
    ticks = iter(range(1_000))
    with (
        Rpc(node.url, timeout_seconds=1.5, monotonic=lambda: float(next(ticks))) as rpc,
        pytest.raises(RpcUnavailable, match="not complete within"),
    ):
        rpc.call("m")


def test_a_connection_that_breaks_off_tells_nothing(node: FakeNode, rpc: Rpc) -> None:
    node.answer = lambda _body: None
    with pytest.raises(RpcUnavailable):
        rpc.call("m")


def test_an_unreachable_node_tells_nothing(node: FakeNode) -> None:
    url = node.url
    for bad in (url.replace("127.0.0.1", "127.0.0.2"), "http://127.0.0.1:1", "gopher://x", "http://[", ""):
        with Rpc(bad, timeout_seconds=0.5) as rpc, pytest.raises(RpcUnavailable):
            rpc.call("m")


def test_an_answer_beyond_the_limit_is_not_read_to_its_end(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda request: result(request, "x" * 200_000))
    with pytest.raises(RpcReplyTooLarge):
        rpc.call("m")


def test_a_batch_is_put_in_order_by_number(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda requests: [result(request, request["params"][0]) for request in reversed(requests)])
    assert rpc.batch([("m", [number]) for number in range(5)]) == [0, 1, 2, 3, 4]
    assert rpc.batch([]) == []


def test_a_batch_returns_faults_in_their_places(node: FakeNode, rpc: Rpc) -> None:
    def make(requests: Any) -> Any:
        fault = {"jsonrpc": "2.0", "id": requests[1]["id"], "error": {"code": 3, "message": "reverted"}}
        return [result(requests[0], "a"), fault, result(requests[2], None)]

    node.answer = replying(make)
    first, second, third = rpc.batch([("m", []), ("m", []), ("m", [])])
    assert (first, third) == ("a", None)
    assert isinstance(second, RpcFault)
    with pytest.raises(RpcFault):
        read_answer(str, second)


BROKEN_BATCHES: list[Callable[[Any], Any]] = [
    lambda requests: [],
    lambda requests: [result(requests[0], 1)],
    lambda requests: [result(requests[0], 1)] * 2,
    lambda requests: [result(requests[0], 1), result(requests[1], 1) | {"id": 10**6}],
    lambda requests: [result(requests[0], 1), {"jsonrpc": "2.0", "result": 1}],
    lambda requests: [result(requests[0], 1), "x"],
    lambda requests: [result(request, 1) for request in requests] + [result(requests[0], 2)],
    lambda requests: result(requests[0], 1),
    lambda requests: None,
]


@pytest.mark.parametrize("make", BROKEN_BATCHES)
def test_a_batch_with_a_wrong_answer_tells_nothing(node: FakeNode, rpc: Rpc, make: Callable[[Any], Any]) -> None:
    node.answer = replying(make)
    with pytest.raises(RpcUnavailable):
        rpc.batch([("m", []), ("m", [])])


def test_a_long_batch_goes_in_parts(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda requests: [result(request, request["params"][0]) for request in requests])
    count = 2 * BATCH_CALLS_MAX + 1
    assert rpc.batch([("m", [number]) for number in range(count)]) == list(range(count))
    assert [len(asked) for asked in node.asked] == [BATCH_CALLS_MAX, BATCH_CALLS_MAX, 1]


def test_threads_share_a_client(node: FakeNode, rpc: Rpc) -> None:
    node.answer = replying(lambda request: result(request, request["params"][0]))
    found: list[bool] = []

    def ask(number: int) -> None:
        found.append(all(rpc.call("m", [number]) == number for _ in range(20)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4
