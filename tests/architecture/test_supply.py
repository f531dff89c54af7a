"""What is installed is what was reviewed: every package at one version, by its hash, from no address of its own."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_PINNED = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)(?:\[[\w,-]+\])?==(?P<version>[^\s;]+)")


def locked() -> dict[str, tuple[str, list[str]]]:
    """Name, version and hashes of each package of the lock."""
    found = {}
    text = "\n".join(line for line in (ROOT / "requirements.lock").read_text().splitlines() if "#" not in line)
    for block in re.split(r"\n(?=\S)", text.strip()):
        match = _PINNED.match(block)
        assert match is not None, block.splitlines()[0]
        found[match["name"]] = match["version"], re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)
    return found


def test_every_python_package_is_locked_to_a_version_and_hashes() -> None:
    packages = locked()
    assert len(packages) > 50
    assert [name for name, (_, hashes) in packages.items() if not hashes] == []
    assert "://" not in (ROOT / "requirements.lock").read_text(), "no index or other address"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for wanted in project["dependencies"]:
        name = re.split(r"[^A-Za-z0-9._-]", wanted)[0].lower().replace("_", "-")
        assert name in packages, f"{name} is declared and not locked"
        assert version(name) == packages[name][0], f"{name} that runs here is the locked one"


def test_every_npm_package_is_locked_to_its_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, one in packages.items():
        if name:
            assert one["integrity"].startswith("sha512-"), name
            assert "resolved" not in one, f"{name} names an address"
    declared = packages[""]
    for part in ("dependencies", "devDependencies", "optionalDependencies"):
        assert all(re.fullmatch(r"\d+\.\d+\.\d+", one) for one in declared[part].values()), f"{part}: exact versions"


def test_the_script_that_pages_use_is_the_locked_one() -> None:
    locked = ROOT / "node_modules" / "htmx.org" / "dist" / "htmx.min.js"
    assert (ROOT / "ledger_service" / "web" / "static" / "htmx.min.js").read_bytes() == locked.read_bytes()


def test_nothing_is_installed_past_the_locks() -> None:
    installing = (ROOT / "scripts" / "toolchain.sh").read_text().replace("\\\n", " ")
    assert "--only-binary :all:" in installing
    assert "npm ci --ignore-scripts" in installing
    assert not re.search(r"npm (install|i)\b", installing)
    lines = re.findall(r"pip install .*", installing)
    assert len(lines) == 2
    for line in lines:
        assert "--require-hashes --requirement requirements.lock" in " ".join(line.split()) or "--no-deps" in line, line
