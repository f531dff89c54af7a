"""Numbers for Prometheus. No label is personal: routes, methods, status classes, outcomes, states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ledger_service.reads.status import FINDINGS, READY, status
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
        yield GaugeMetricFamily(
            "boram_oldest_unposted_seconds",
            "Age of the oldest entry in no batch, or batch not on the chain",
            now.oldest_unposted_seconds,
        )
        yield GaugeMetricFamily("boram_holds_open", "Holds that wait", now.holds_open)
        yield GaugeMetricFamily(
            "boram_chain_ready", "1 while the chain is followed", int(now.chain_state in (READY, FINDINGS))
        )
