"""Numbers for Prometheus. No label is personal: routes, methods, status classes, outcomes, states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ledger_service.errors import BoramError
from ledger_service.reads.status import FINDINGS, READY, lag, measures, status, upkeep_ages
from ledger_service.services.context import Context

REGISTRY = CollectorRegistry()
REQUEST_SECONDS = Histogram(
    "boram_request_seconds",
    "Time from a request's arrival to its answer",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10),
)
IMPORT_ROWS = Counter("boram_import_rows", "Submitted rows by outcome (this process)", ("outcome",), registry=REGISTRY)

SIGN_IN_FAILURES = Counter(
    "boram_sign_in_failures", "Sign-ins that were refused (this process)", ("who", "code"), registry=REGISTRY
)


@contextmanager
def counted_sign_in(who: str) -> Iterator[None]:
    """Counts a sign-in that is refused, by kind of caller."""
    try:
        yield
    except BoramError as error:
        SIGN_IN_FAILURES.labels(who, error.code).inc()
        raise


def count_import(outcomes: Mapping[str, int]) -> None:
    """Count a submission's rows."""
    for outcome, rows in outcomes.items():
        IMPORT_ROWS.labels(outcome).inc(rows)


class LedgerNumbers(Collector):
    """What the books say at the moment of the question."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def collect(self) -> Iterable[Metric]:
        clock = self._context.clock
        now = status(self._context.journal, clock.now(), clock.today())
        entries = GaugeMetricFamily("boram_unsealed", "Accepted, in no batch yet", labels=("what",))
        entries.add_metric(("entries",), now.entries_unsealed)
        entries.add_metric(("orders",), now.orders_unsealed)
        batches = GaugeMetricFamily("boram_batches", "Batches by state", labels=("state",))
        for state in ("sealed", "signed", "posted", "final"):
            batches.add_metric((state,), now.batches.get(state, 0))
        yield entries
        yield batches
        yield from self._waiting()
        yield from _of_posting(measures(self._context.journal))
        ages = upkeep_ages(self._context.journal, clock.now())
        for name, metric, meaning in _UPKEEP:
            if name in ages:
                yield GaugeMetricFamily(metric, meaning, ages[name])
        yield GaugeMetricFamily(
            "boram_oldest_unposted_seconds",
            "Age of the oldest entry in no batch, or batch not on the chain",
            now.oldest_unposted_seconds,
        )
        yield GaugeMetricFamily("boram_holds_open", "Holds that wait", now.holds_open)
        yield GaugeMetricFamily(
            "boram_chain_ready", "1 while the chain is followed", int(now.chain_state in (READY, FINDINGS))
        )

    def _waiting(self) -> Iterable[Metric]:
        found = lag(self._context.journal)
        lags = GaugeMetricFamily("boram_desk_sequence_lag", "Batches of a desk sealed and not final", labels=("desk",))
        for desk, behind in sorted(found.lags.items()):
            lags.add_metric((str(desk),), behind)
        yield lags
        yield GaugeMetricFamily("boram_desks_stopped", "Desks that wait for a person", value=len(found.stopped))
        waiting = GaugeMetricFamily("boram_findings_open", "What waits for the coin office", labels=("kind",))
        waiting.add_metric(("finding",), found.findings)
        waiting.add_metric(("notice",), found.notices)
        yield waiting


_UPKEEP = (
    ("backup", "boram_backup_age_seconds", "Since the last boram backup"),
    ("verified", "boram_backup_verified_age_seconds", "Since a backup was last read whole by boram restore --verify"),
)
_NUMBERS = (
    ("nonce_gap", "boram_nonce_gap", "Nonces that the chain waits for and nobody has stored"),
    ("nonces_in_flight", "boram_nonces_in_flight", "Transactions sent and not mined"),
    ("reorg_depth_max", "boram_reorg_depth_max_blocks", "Deepest replacement of blocks that this poster saw"),
    (
        "reconciliation_difference_coins",
        "boram_reconciliation_difference_coins",
        "Coins by which books and chain differed when they were compared last, or a batch since",
    ),
    ("sender_balance_wei", "boram_sender_balance_wei", "What the sender can pay fees with"),
)


def _of_posting(measured: Mapping[str, Any]) -> Iterable[Metric]:
    """The poster's own numbers, which it leaves in the status row: it may be another process."""
    numbers = measured.get("numbers", {})
    for key, name, meaning in _NUMBERS:
        if key != "sender_balance_wei" or key in numbers:  # 0 would be an alarm
            yield GaugeMetricFamily(name, meaning, numbers.get(key, 0))
    errors = CounterMetricFamily("boram_rpc_errors", "Passes that the node ended", labels=("kind",))
    for kind in ("unavailable", "fault", "lies"):
        errors.add_metric((kind,), measured.get("rpc_errors", {}).get(kind, 0))
    yield errors
    if final := measured.get("final_seconds"):
        sums = list(accumulate(final["counts"]))
        bounds = [*(str(bound) for bound in final["bounds"]), "+Inf"]
        yield HistogramMetricFamily(
            "boram_accepted_to_final_seconds",
            "From a batch's oldest acceptance to its finality",
            buckets=list(zip(bounds, sums, strict=True)),
            sum_value=final["sum"],
        )
