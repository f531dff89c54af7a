"""The command line without a service: the same rules, in one's own process; right exit codes, one line each."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from ledger_service.cli import main

SAMPLES = Path(__file__).parents[1] / "samples"
DATA = Path(__file__).parents[2] / "scripts" / "demo_data"
BORAM = str(Path(sys.executable).with_name("boram"))


class Terminal:
    """Runs commands on one home, in this process: an interpreter for each would take a second."""

    def __init__(self, home: Path, language: str = "en_GB.UTF-8") -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BORAM_", "LC_", "LANG"))}
        self.home = home
        self.environment = kept | {
            "BORAM_HOME": str(home), "BORAM_ENVIRONMENT": "test", "BORAM_BUSINESS_DATE": "2024-05-02", "LANG": language,
        }  # fmt: skip

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        before, argv = dict(os.environ), sys.argv
        out, err = StringIO(), StringIO()
        os.environ.clear()
        os.environ.update(self.environment)
        sys.argv = ["boram", *map(str, arguments)]
        try:
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                main()
        finally:
            os.environ.clear()
            os.environ.update(before)
            sys.argv = argv
        assert ended.value.code == code, out.getvalue() + err.getvalue()
        return out.getvalue() if code == 0 else err.getvalue() or out.getvalue()


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    terminal = Terminal(tmp_path_factory.mktemp("cli") / "home")
    terminal.run("actor", "add", "kim", "--role", "office")
    terminal.run("actor", "add", "lee", "--role", "office")
    for kind, folder in (("members", SAMPLES), ("centers", SAMPLES), ("programmes", SAMPLES), ("limits", None)):
        if folder is None:
            file = terminal.home.parent / "limits.csv"
            rows = [
                row for row in (DATA / "limits.csv").read_text().splitlines() if not row.startswith(("venue", "treas"))
            ]
            file.write_text("\n".join(rows))
        else:
            file = folder / f"{kind}.csv"
        terminal.run("load", kind, file, "--as", "kim")
    for line in json.loads(terminal.run("approvals", "--as", "lee", "--json"))["approvals"]:
        terminal.run("approve", line["id"], "--as", "lee")
    terminal.run("actor", "add", "clerk", "--role", "clerk", "--desk", "SVC", "--desk", "YJSW")
    return terminal


def test_help_names_the_commands() -> None:
    done = subprocess.run([BORAM, "--help"], capture_output=True, text=True, check=True)
    assert "import" in done.stdout


def test_a_client_of_a_service_loads_nothing_heavy() -> None:
    heavy = ("sqlalchemy", "fastapi", "web3", "eth_account", "pydantic", "rich.console", "httpx")
    probe = f"import sys, ledger_service.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_dry_run_gives_the_expected_outcome_of_every_line(terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    file = SAMPLES / "activities-2024-04.csv"
    said = terminal.run("import", file, "--as-of", "2024-05-02", "--dry-run", "--json", out, "--as", "kim")
    assert "1,680 of 1,995 rows accepted, 12,941 coins" in said
    with (SAMPLES / "expected-2024-04.csv").open() as expected:
        wanted = [
            {"line": int(row["line"]), "outcome": row["outcome"], "coins": int(row["coins"])}
            for row in csv.DictReader(expected)
        ]
    assert json.loads(out.read_text()) == wanted


def test_an_import_waits_and_the_second_one_finds_nothing(terminal: Terminal, tmp_path: Path) -> None:
    rows = (SAMPLES / "activities-2024-04.csv").read_bytes().decode("cp949").splitlines()
    header, svc = rows[0], [row for row in rows[1:] if ",SVC," in row]
    file = tmp_path / "svc.csv"
    file.write_text("\n".join([header, *svc]), encoding="utf-8")
    said = terminal.run("import", file, "--as", "clerk")
    waiting = json.loads(terminal.run("approvals", "--as", "clerk", "--json"))["approvals"]
    assert waiting[0]["id"] in said
    assert "no row is accepted" in terminal.run("import", file, "--as", "clerk", code=1)
    assert "this needs one of the roles" in terminal.run("approve", waiting[0]["id"], "--as", "clerk", code=1)
    terminal.run("approve", waiting[0]["id"], "--as", "lee")
    status = json.loads(terminal.run("chain", "status", "--as", "kim", "--json"))
    assert status["entries_unsealed"] > 0


def test_a_balance_is_found_by_member_number(terminal: Terminal) -> None:
    found = json.loads(terminal.run("balance", "--member", "S100000", "--as", "kim", "--json"))
    assert found["available"] == 0
    assert json.loads(terminal.run("balance", found["person_id"], "--as", "kim", "--json")) == found
    assert "no resident" in terminal.run("balance", "--member", "S999999", "--as", "kim", code=1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["balance", "--as", "kim"], 2, "PERSON-ID"),
        (["approvals"], 2, "--as NAME"),
        (["approvals", "--as", "nobody"], 2, "nobody called nobody"),
        (["approve", "../actors", "--as", "kim"], 1, "nothing at this path"),
        (["approve", "1", "--as", "kim"], 1, "approval_id"),
        (["load", "members", "/nowhere.csv", "--as", "kim"], 2, "cannot be read"),
        (["load", "nothing", __file__, "--as", "kim"], 1, "kind"),
        (["nonsense"], 2, "nonsense"),
        (["verify"], 2, "--rpc URL --contract ADDRESS"),
        (["verify", "--rpc", "http://127.0.0.1:9", "--contract", "0x12"], 2, "40 hexadecimal digits"),
        (["verify", "--rpc", "http://127.0.0.1:9", "--contract", "0x" + "12" * 20], 2, "did not answer"),
        (["up", "--host", "192.0.2.1"], 2, "cannot be listened on"),
        (["actor", "add", "a/b", "--role", "clerk"], 2, "name"),
        (["actor", "add", "king", "--role", "king"], 1, "roles"),
    ],
)
def test_wrong_use_is_one_line_and_the_right_code(
    terminal: Terminal, arguments: list[str], code: int, says: str
) -> None:
    assert says in terminal.run(*arguments, code=code)


def test_a_wrong_setting_ends_with_2_and_its_name(terminal: Terminal) -> None:
    broken = Terminal(terminal.home)
    broken.environment["BORAM_PORT"] = "many"
    assert "BORAM_PORT" in broken.run("up", code=2)


def test_korean_speakers_read_korean(terminal: Terminal) -> None:
    korean = Terminal(terminal.home, "ko_KR.UTF-8")
    assert "누구로 실행할지" in korean.run("approvals", code=2)
    assert "이름" in korean.run("desk", "list", "--as", "kim")


def test_a_doctor_finds_nothing_in_a_healthy_home_and_names_what_is_open(terminal: Terminal) -> None:
    assert json.loads(terminal.run("doctor", "--json"))["holds"] is True
    token = terminal.home / "tokens" / "kim"
    token.chmod(0o644)
    try:
        terminal.run("doctor", code=1)
    finally:
        token.chmod(0o600)
    terminal.run("doctor", "--home", terminal.home.parent / "none", code=2)
    terminal.environment["BORAM_BUNDLES_FOLDER"] = str(terminal.home.parent / "not mounted")
    try:
        terminal.run("doctor", code=1)
    finally:
        del terminal.environment["BORAM_BUNDLES_FOLDER"]


def test_a_doctor_names_a_stopped_desk_and_a_chain_that_is_another(terminal: Terminal) -> None:
    def change(statement: str) -> None:
        with closing(sqlite3.connect(terminal.home / "books.db")) as books:
            books.execute(statement)
            books.commit()

    change("UPDATE desks SET stopped = 'its bundle is missing' WHERE number = 1")
    change("INSERT INTO posting_status (id, state, detail, updated_at) VALUES (1, 'wrong_chain', 'other code', 0)")
    try:
        said = terminal.run("doctor", code=1)
        assert "desk 1: its bundle is missing" in said
        assert "wrong_chain, other code" in said
    finally:
        change("UPDATE desks SET stopped = NULL WHERE number = 1")
        change("DELETE FROM posting_status")


def test_an_actors_token_is_kept_for_its_owner_only(terminal: Terminal) -> None:
    said = terminal.run("actor", "add", "choi", "--role", "auditor")
    kept = terminal.home / "tokens" / "choi"
    assert kept.read_text() == said.splitlines()[-1]
    assert kept.stat().st_mode & 0o077 == 0
    assert "choi" in terminal.run("actor", "list")


def test_an_administrator_invites_and_registers_sign_on_by_name(terminal: Terminal, tmp_path: Path) -> None:
    assert len(terminal.run("actor", "invite", "kim").splitlines()[-1]) == 43
    assert "actor list" in terminal.run("actor", "invite", "nobody", code=2)
    assert "no sign-on of its own" in terminal.run("actor", "sign-on", "kim", "kim@district", code=1)
    secret = tmp_path / "client"
    secret.write_text("a client's secret")
    secret.chmod(0o600)
    provided = Terminal(terminal.home)
    provided.environment |= {
        "BORAM_ORIGIN": "https://boram.example", "BORAM_SIGN_ON_ISSUER": "https://sign-on.example",
        "BORAM_SIGN_ON_CLIENT_ID": "boram", "BORAM_SIGN_ON_CLIENT_SECRET_FILE": str(secret),
    }  # fmt: skip
    assert "kim" in provided.run("actor", "sign-on", "kim", "kim@district")
    provided.run("actor", "sign-on", "lee", "kim@district", code=1)
    provided.run("actor", "sign-on", "kim", code=2)
    provided.run("actor", "sign-on", "kim", "--remove")
    provided.run("actor", "sign-on", "kim", "--remove", code=1)
    provided.run("actor", "sign-on", "lee", "kim@district", "--as", "kim", code=1)


NO_SERVER = "postgresql+psycopg://boram:secret@127.0.0.1:9/books"


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("BORAM_DATABASE_URL", NO_SERVER, "BORAM_DATABASE_URL"),
        ("BORAM_KEYS_URL", NO_SERVER, "BORAM_KEYS_URL"),
        ("BORAM_DATABASE_URL", "sqlite:////nowhere/at/all/books.db", "unable to open database file"),
        ("BORAM_HOME", __file__, "BORAM_HOME"),
        ("BORAM_HOME", f"{__file__}/below", "BORAM_HOME"),
    ],
)
@pytest.mark.parametrize("command", [["approvals", "--as", "kim"], ["up"], ["keys", "create"]])
def test_what_cannot_be_opened_is_one_line_that_says_what_to_do(
    tmp_path: Path, command: list[str], setting: str, value: str, says: str
) -> None:
    terminal = Terminal(tmp_path / "home")
    terminal.environment[setting] = value
    said = terminal.run(*command, code=2)
    assert says in said
    assert said.count("\n") == 1
    assert "secret" not in said


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home")
    terminal.home.mkdir()
    (terminal.home / "books.db").write_bytes(b"this is no database " * 100)
    said = terminal.run("approvals", "--as", "kim", code=2)
    assert "books.db" in said
    assert "not a database" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["approve", "\udcff", "--as", "kim"],
        ["approvals", "--as", "\udcff"],
        ["import", __file__, "--source", "\udcff", "--as", "kim"],
        ["approvals", "--status", "\udcff", "--as", "kim"],
    ],
)
def test_bytes_that_are_not_utf_8_are_one_line(terminal: Terminal, arguments: list[str]) -> None:
    said = terminal.run(*arguments, code=2)
    assert "UTF-8" in said
    assert said.count("\n") == 1


def test_a_result_that_cannot_be_written_is_one_line(terminal: Terminal) -> None:
    file = SAMPLES / "activities-2024-04.csv"
    said = terminal.run("import", file, "--dry-run", "--json", "/nowhere/out.json", "--as", "kim", code=2)
    assert "/nowhere/out.json" in said
    assert "permissions" in said


def test_the_chain_is_described_in_korean(terminal: Terminal) -> None:
    said = Terminal(terminal.home, "ko_KR.UTF-8").run("chain", "status", "--as", "kim")
    assert "묶이지 않은 기록" in said
    assert "unsealed" not in said
    assert "entries unsealed" in terminal.run("chain", "status", "--as", "kim")


def test_a_wrong_id_is_answered_with_what_one_looks_like(terminal: Terminal) -> None:
    said = terminal.run("approve", "xyz", "--as", "kim", code=1)
    assert "an id looks like 018f3a5e" in said
    assert "[0-9a-f]" not in said


def approved(terminal: Terminal, said: str) -> None:
    terminal.run("approve", json.loads(said)["id"], "--as", "lee")


def test_the_treasurys_commands_work_without_a_service(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home")
    for name in ("kim", "lee"):
        terminal.run("actor", "add", name, "--role", "office")
    members, funds = tmp_path / "members.csv", tmp_path / "funds.csv"
    members.write_text("".join((SAMPLES / "members.csv").read_text("utf-8-sig").splitlines(keepends=True)[:4]))
    terminal.run("load", "members", members, "--as", "kim")
    funds.write_text("code,name,body\nWARM,winter,chest\n")
    approved(terminal, terminal.run("load", "funds", funds, "--as", "kim", "--json"))
    ids = [
        json.loads(terminal.run("balance", "--member", member, "--as", "kim", "--json"))["person_id"]
        for member in ("S100000", "S100013", "S100019")
    ]
    assert "goes to WARM" in terminal.run("wish", ids[0], "WARM", "--as", "kim")
    assert "ended" in terminal.run("wish", ids[0], "--as", "kim")
    assert "no coin value" in terminal.run("gifts", "make", ids[0], "WARM", "5", "--as", "kim", code=1)
    frozen = terminal.run("freeze", ids[0], "--until", "2024-06-30", "--reason", "asked", "--as", "kim", "--json")
    approved(terminal, frozen)
    assert ids[0] in terminal.run("freezes", "--as", "kim")
    assert "frozen up to 2024-06-30" in terminal.run("balance", ids[0], "--as", "kim")
    assert "2024-06-30까지 사용 정지" in Terminal(terminal.home, "ko_KR.UTF-8").run("balance", ids[0], "--as", "kim")
    assert "not frozen" in terminal.run("unfreeze", ids[1], "--reason", "asked", "--as", "kim", code=1)
    merged = terminal.run("accounts", "merge", ids[1], ids[2], "--note", "registered twice", "--as", "kim", "--json")
    approved(terminal, merged)
    found = json.loads(terminal.run("balance", "--member", "S100013", "--as", "kim", "--json"))
    assert found["person_id"] == ids[2]
    closed = terminal.run(
        "accounts", "close", ids[2], "--reason", "moved_away", "--note", "asked", "--as", "kim", "--json"
    )
    assert "entries: 1" in terminal.run(
        "approve", json.loads(closed)["id"], "--as", "lee", code=1
    )  # the merge is not final
    assert "was closed" in terminal.run("balance", ids[1], "--as", "kim")
    said = terminal.run("funds", "end", "WARM", "--as", "kim")
    assert "another person approves: boram approve" in said
    assert "no donation" in terminal.run("gifts", "certificate", ids[0], terminal.home / "c.pdf", "--as", "kim", code=1)
    assert "no donation" in terminal.run("gifts", "reassign", ids[0], "WARM", "--as", "kim", code=1)
    said = terminal.run(
        "convert", "--value-from", "2024-05-01", "--programme", "CONV", "--preview", "--as", "kim", code=1
    )
    assert "no change of the coin's value" in said
    assert "--centre" in terminal.run(
        "convert", "--value-from", "2024-05-01", "--programme", "CONV", "--as", "kim", code=2
    )
