"""What can be checked from outside: receipts and their proofs, heads, sums, health, metrics, and the API's own page."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ledger_service.adapters.keys import SERVICE_KEY
from ledger_service.api.access import ACCESS
from ledger_service.api.app import create_app
from ledger_service.audit.verify import verify
from ledger_service.chain.signing import recover
from ledger_service.domain.batches import receipt_digest
from ledger_service.domain.evidence import Leaf, root_from
from tests.api.conftest import Caller, District, members

As = Callable[[str | None], Caller]
Bytes = bytes.fromhex


def charged(as_: As, district: District, resident: str) -> int:
    body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 2}
    return int(as_("counter").post("/redemptions", body).json()["journal_no"])


def test_a_receipt_is_signed_at_once_and_proven_once_posted(as_: As, district: District, resident: str) -> None:
    number = charged(as_, district, resident)
    early = as_("counter").get(f"/receipts/{number}").json()
    assert (early["state"], early["proof"], early["chain"]) == ("accepted", None, None)
    signed = early["receipt"]
    digest = receipt_digest(
        district.installation.domain, number, signed["desk"], signed["kind"], Bytes(signed["account"][2:]),
        signed["units"], signed["day"], signed["posted_by"],
    )  # fmt: skip
    assert recover(digest, Bytes(signed["signature"][2:])) == district.installation.keys.address(SERVICE_KEY)

    district.post_all()
    found = as_("counter").get(f"/receipts/{number}").json()
    assert found["receipt"] == signed
    assert found["state"] == "final"
    leaf = found["proof"]["leaf"]
    hashed = Leaf(
        leaf["position"], leaf["type"], leaf["journal_no"],
        *(Bytes(leaf[name][2:]) for name in ("record", "who", "approver", "consent", "salt")),
    ).hash()  # fmt: skip
    siblings = [Bytes(one[2:]) for one in found["proof"]["siblings"]]
    assert "0x" + root_from(hashed, siblings).hex() == found["proof"]["evidence_root"]
    heads = {one["head"]: one for one in as_(None).get("/batches", limit=500).json()["batches"]}
    batch = heads[found["proof"]["head"]]
    assert batch["evidence_root"] == found["proof"]["evidence_root"]
    assert batch["post_number"] == found["chain"]["post_number"]


def test_a_receipt_is_for_its_resident_its_desk_and_the_office(as_: As, district: District, resident: str) -> None:
    number = charged(as_, district, resident)
    for name, status in (
        ("counter", 200),
        ("office", 200),
        ("auditor", 200),
        ("other-counter", 404),
        ("resident", 404),
    ):
        assert as_(name).get(f"/receipts/{number}").status_code == status
    assert as_("office").get("/receipts/4000000000").status_code == 404


def test_batches_come_in_pages_without_gaps(as_: As) -> None:
    found, after = [], None
    while True:
        page = as_(None).get("/batches", limit=2, **({"after": after} if after else {})).json()
        found += [(one["desk"], one["seq"]) for one in page["batches"]]
        after = page["next_after"]
        if after is None:
            break
    assert found == sorted(set(found))
    assert found == [(one["desk"], one["seq"]) for one in as_(None).get("/batches", limit=500).json()["batches"]]
    for wrong in ("x", "1", "1-", "-1", "1-2-3", "１-1"):
        assert as_(None).get("/batches", after=wrong).status_code == 422


def test_an_export_of_the_books_agrees_with_the_chain(
    as_: As, district: District, resident: str, tmp_path: Path
) -> None:
    number = charged(as_, district, resident)
    district.post_all()
    body = {"person_id": resident, "desk": district.desk("SENIOR"), "coins": 6}
    charge = as_("counter").post("/redemptions", body).json()
    district.post_all()
    as_("counter").post(f"/redemptions/{charge['id']}/refund", {"coins": 5})
    district.post_all()
    open_number = charged(as_, district, resident)
    answer = as_("auditor").get("/books")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert (rows[0]["type"], rows[-1]["type"]) == ("books", "totals")
    assert number in [row["journal_no"] for row in rows if row["type"] == "entry"]
    assert [row["journal_no"] for row in rows if row["type"] == "pending"] == [open_number]
    file = tmp_path / "books.jsonl"
    file.write_text(answer.text)
    report = verify(district.poster.chain.rpc, district.installation.domain.contract, books=file)
    assert report.findings == ()
    file.write_text(answer.text.replace(f'"journal_no":{number},', f'"journal_no":{number + 1},'))
    report = verify(district.poster.chain.rpc, district.installation.domain.contract, books=file)
    assert {one.code for one in report.findings} == {"books_entry", "books_row"}
    district.post_all()


def test_totals_agree_with_what_is_settled(as_: As, district: District, resident: str) -> None:
    charged(as_, district, resident)
    before = as_("office").get("/totals").json()
    assert as_("office").get("/status").json()["settled"] is False
    assert before["final_outstanding"] >= before["outstanding"]
    district.post_all()
    after = as_("office").get("/totals").json()
    assert after["outstanding"] == after["final_outstanding"] == before["outstanding"]
    assert after["outstanding"] == after["credited"] - after["spent"] + after["refunded"] - after["donated"]
    status = as_("office").get("/status").json()
    assert (status["settled"], status["entries_unsealed"], status["chain_state"]) == (True, 0, "ready")


def test_ready_while_the_chain_is_followed_and_not_when_posting_is_silent(district: District) -> None:
    district.poster.findings.say("chain_down", "no answer")
    down = TestClient(district.app).get("/readyz")
    assert (down.status_code, down.json()["chain"]) == (503, "chain_down")
    district.poster.findings.say("ready")
    assert TestClient(district.app).get("/readyz").status_code == 200

    class Later:
        def now(self) -> int:
            return district.installation.clock.now() + 3_600

        today = district.installation.clock.today

    ports = district.app.state.ports
    silent = TestClient(create_app(replace(ports, context=replace(ports.context, clock=Later())))).get("/readyz")
    assert (silent.status_code, silent.json()["chain"]) == (503, "silent")
    assert TestClient(district.app).get("/healthz").json() == {"alive": True}


def metrics(district: District) -> str:
    return str(TestClient(district.app, client=("127.0.0.1", 1)).get("/metrics").text)


def test_metrics_hold_numbers_and_nothing_personal(as_: As, district: District, resident: str) -> None:
    district.post_all()
    charged(as_, district, resident)
    text = metrics(district)
    assert 'boram_unsealed{what="entries"} 1.0' in text
    assert 'route="/api/v1/redemptions"' in text
    assert resident not in text
    district.poster.findings.notice("skip 1/2/3", "an entry was skipped")
    district.post_all()
    district.poster.findings.say("ready", "numbers are written with it")
    text = metrics(district)
    assert 'boram_batches{state="signed"} 0.0' in text
    assert f'boram_desk_sequence_lag{{desk="{district.desk("SENIOR")}"}} 0.0' in text
    assert 'boram_findings_open{kind="notice"} 1.0' in text
    assert 'boram_rpc_errors_total{kind="unavailable"} 0.0' in text
    for name in ("nonce_gap", "reorg_depth_max_blocks", "reconciliation_difference_coins"):
        assert f"boram_{name} 0.0" in text
    assert "boram_sender_balance_wei" in text
    assert 'boram_accepted_to_final_seconds_bucket{le="+Inf"}' in text
    district.poster.findings.clear("skip 1/2/3")


def test_metrics_are_for_this_machine_and_for_who_may_look(as_: As, district: District) -> None:
    def status(host: str, **headers: str) -> int:
        return int(TestClient(district.app, client=(host, 1)).get("/metrics", headers=headers).status_code)

    assert (status("127.0.0.1"), status("::1"), status("192.0.2.7")) == (200, 200, 401)
    for header in ("forwarded", "via", "x-forwarded-for", "x-real-ip"):
        assert status("127.0.0.1", **{header: "192.0.2.7"}) == 401  # a proxy on this machine asks for somebody else
    assert status("192.0.2.7", **as_("auditor").headers()) == 200
    assert status("192.0.2.7", **as_("counter").headers()) == 403


def test_the_log_of_a_request_has_ids_only(
    as_: As, district: District, resident: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first = members()[0]
    as_("counter").post("/residents/lookup", {"member_number": first["회원번호"]}, key=None)
    as_("counter").get(f"/residents/{resident}/balance", note="secret")
    said = capsys.readouterr().out
    assert "/api/v1/residents/{person_id}/balance" in said
    for personal in (first["회원번호"], first["이름"], resident, "secret"):
        assert personal not in said


def test_the_page_describes_every_route_with_its_problems(as_: As, district: District) -> None:
    document = as_(None).get("/openapi.json").json()
    for (method, path), rule in ACCESS.items():
        if path in ("/docs", "/api/v1/openapi.json"):
            continue
        operation = document["paths"][path][method.lower()]
        assert operation["summary"]
        assert operation["description"].strip(), f"{method} {path}"
        assert operation["tags"], f"{method} {path}"
        if rule.roles is not None:
            assert operation["security"] == [{"token": []}, {"session": []}]
            assert {"401", "403"} <= set(operation["responses"]) or path.endswith("/me")
        names = [one["name"] for one in operation.get("parameters", [])]
        assert ("Idempotency-Key" in names) is rule.keyed
        assert ("Access-Reason" in names) is rule.reasoned
    described = {tag["name"] for tag in document["tags"]}
    used = {tag for path in document["paths"].values() for operation in path.values() for tag in operation["tags"]}
    assert used == described
    page = TestClient(district.app).get("/docs")
    assert page.status_code == 200
    assert "/api/v1/redemptions" in page.text


def test_every_answer_has_safe_headers(district: District) -> None:
    for path in ("/healthz", "/api/v1/programmes", "/nowhere"):
        headers = TestClient(district.app).get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-request-id"]
