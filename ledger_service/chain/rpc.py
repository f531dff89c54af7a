"""JSON-RPC over HTTP, raw and without retries: what a failure means is for the caller to settle."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import httpx
import orjson

from ledger_service.errors import Refused, Unavailable

REPLY_BYTES_MAX = 256 * 1024 * 1024
BATCH_CALLS_MAX = 500  # below the 1,000 (geth) and 1,024 (Besu) that nodes accept by default
TIMEOUT_SECONDS = 30.0

_HEADERS = {"content-type": "application/json", "accept-encoding": "identity"}
_Read = TypeVar("_Read")
_CHUNK_BYTES = 256 * 1024
_EXCERPT_CHARACTERS = 200


class RpcUnavailable(Unavailable):
    """Nothing is known: no connection, no answer in time, or one that is not JSON-RPC. A send may have arrived."""

    code = "rpc_unavailable"

    def __init__(self, reason: str, **fields: object) -> None:
        super().__init__(
            f"the chain's node did not answer: {reason}", f"체인 노드가 응답하지 않습니다: {reason}", **fields
        )


class RpcReplyTooLarge(RpcUnavailable):
    """The answer is longer than this client reads; ask for less at once."""

    code = "rpc_reply_too_large"


class RpcFault(Refused):
    """The node answered, with a JSON-RPC error: its number, its words, its data."""

    code = "rpc_fault"

    def __init__(self, fault_code: int, fault_message: str, data: object = None) -> None:
        super().__init__(
            f"the chain's node refused: {fault_message} ({fault_code})",
            f"체인 노드가 거절했습니다: {fault_message} ({fault_code})",
            fault_code=fault_code,
        )
        self.fault_code = fault_code
        self.fault_message = fault_message
        self.data = data


class Rpc:
    """One node. Safe to share between threads; keeps its connections.

    `timeout_seconds` bounds connecting, each read, and the whole of an answer's body. `client` is used as it is (a
    proxy, a certificate) and then not closed here; the own one ignores the environment's proxy settings.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        reply_bytes_max: int = REPLY_BYTES_MAX,
        client: httpx.Client | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = url
        self._timeout_seconds = timeout_seconds
        self._reply_bytes_max = reply_bytes_max
        self._own_client = client is None
        # The certificates of the world are 80 ms of every start, and a node on http:// has none.
        verify = not url.startswith("http://")
        self._client = client or httpx.Client(
            trust_env=False, verify=verify, limits=httpx.Limits(keepalive_expiry=60.0)
        )
        self._monotonic = monotonic
        self._ids = itertools.count(1)

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that this client opened."""
        if self._own_client:
            self._client.close()

    def call(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of one call. Raises RpcFault (the node's error) or RpcUnavailable (nothing is known)."""
        number = next(self._ids)
        reply = self._exchange(_request(number, method, params))
        if not isinstance(reply, dict):
            raise RpcUnavailable("the answer is not a JSON-RPC object", method=method)
        outcome = _outcome(reply, number)
        if isinstance(outcome, RpcFault):
            raise outcome
        return outcome

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """For each call, in order, its result or its RpcFault (returned, not raised).

        Longer lists go as several requests of `BATCH_CALLS_MAX`. Raises RpcFault only when the node refuses a request
        as a whole, and RpcUnavailable when any answer is missing or malformed: then nothing is known about any call.
        """
        outcomes: list[Any] = []
        for start in range(0, len(calls), BATCH_CALLS_MAX):
            outcomes += self._batch(calls[start : start + BATCH_CALLS_MAX])
        return outcomes

    def _batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        numbers = [next(self._ids) for _ in calls]
        replies = self._exchange(
            [_request(number, method, params) for number, (method, params) in zip(numbers, calls, strict=True)]
        )
        if isinstance(replies, dict):
            outcome = _outcome(replies, None)
            if isinstance(outcome, RpcFault):
                raise outcome
        if not isinstance(replies, list) or len(replies) != len(calls):
            raise RpcUnavailable(f"{len(calls)} calls were not answered by as many answers")
        by_number: dict[int, Any] = {}
        for reply in replies:
            if not isinstance(reply, dict) or not isinstance(reply.get("id"), int):
                raise RpcUnavailable("an answer of a batch has no number")
            by_number[reply["id"]] = reply
        if by_number.keys() != set(numbers):
            raise RpcUnavailable("the answers of a batch are numbered otherwise than its calls")
        return [_outcome(by_number[number], number) for number in numbers]

    def _exchange(self, request: object) -> Any:
        body = orjson.dumps(request)
        deadline = self._monotonic() + self._timeout_seconds
        received = bytearray()
        try:
            with self._client.stream(
                "POST", self.url, content=body, headers=_HEADERS, timeout=self._timeout_seconds
            ) as response:
                for chunk in response.iter_raw(_CHUNK_BYTES):
                    received += chunk
                    if len(received) > self._reply_bytes_max:
                        raise RpcReplyTooLarge(f"the answer is longer than {self._reply_bytes_max:,} bytes")
                    if self._monotonic() > deadline:
                        raise RpcUnavailable(f"the answer was not complete within {self._timeout_seconds} s")
        except httpx.InvalidURL as error:
            raise RpcUnavailable(f"{self.url} is not an address") from error
        except httpx.HTTPError as error:
            raise RpcUnavailable(f"{type(error).__name__} {error}".strip()) from error
        if response.status_code != httpx.codes.OK:
            excerpt = received[:_EXCERPT_CHARACTERS].decode("ascii", "replace")
            raise RpcUnavailable(f"HTTP {response.status_code} {excerpt}".strip(), http_status=response.status_code)
        try:
            return orjson.loads(received)
        except orjson.JSONDecodeError as error:
            raise RpcUnavailable(f"the answer is not JSON ({error})") from error


def read_answer(read: Callable[[Any], _Read], answer: Any) -> _Read:
    """What `read` makes of an answer of `call` or `batch`. Raises the RpcFault that it is, or RpcUnavailable."""
    if isinstance(answer, RpcFault):
        raise answer
    try:
        return read(answer)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RpcUnavailable(f"an answer is malformed: {error}") from error


def _request(number: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}


def _outcome(reply: dict[str, Any], number: int | None) -> Any:
    """The result or the fault of one answer; an error carries no number where the node could not read the request."""
    error = reply.get("error")
    if error is not None:
        if reply.get("id") not in (number, None):
            raise RpcUnavailable("the answer is numbered otherwise than the call")
        if not isinstance(error, dict) or not isinstance(error.get("code"), int):
            raise RpcUnavailable("the answer's error is malformed")
        return RpcFault(error["code"], str(error.get("message", "")), error.get("data"))
    if reply.get("id") != number or "result" not in reply:
        raise RpcUnavailable("the answer is numbered otherwise than the call, or has no result")
    return reply["result"]
