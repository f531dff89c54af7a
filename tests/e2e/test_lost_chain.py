"""A chain that others run is replaced under the service: readiness says so, `boram chain restore` puts everything back in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.running import running
from tests.e2e.recovering import get_ready, heads, outside_chain, said, wait_for_state
from tests.e2e.test_kill import audit, balances, work


@pytest.mark.timeout(300)
def test_a_replaced_chain_stops_the_service_until_it_is_restored(home: Path, tmp_path: Path) -> None:
    with outside_chain(tmp_path, home) as (chain, settings):
        assert "restored" in said(home, "chain", "restore", "--yes", **settings)
        with running(home, **settings) as service:
            assert work(service)
            before, coins = heads(service), balances(service)
            chain.restart()
            found = wait_for_state(service, "wrong_chain")
            assert (found["http"], "boram chain restore" in found["detail"]) == (503, True)
            assert service.runtime["address"] in said(home, "chain", "restore", "--yes", code=2, **settings)
            assert service.stop() == 0
        get_ready(chain, home)
        assert "--yes" in said(home, "chain", "restore", code=2, **settings)
        assert "restored" in said(home, "chain", "restore", "--yes", **settings)
        with running(home, **settings) as again:
            assert heads(again) == before
            assert work(again), "the same requests get the same answers"
            assert balances(again) == coins
            code, report = audit(again, home)
            assert code == 0, report["findings"]
