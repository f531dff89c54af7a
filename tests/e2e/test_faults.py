"""A sample of the fault harness (docs/faults.md): kills at random and at named points, and of the chain, under load. `make faults` has the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEED = 20_260_501


@pytest.mark.timeout(900)  # it waits for conditions: some 20 s alone on two cores, minutes where others use them
def test_a_sample_of_faults_loses_and_doubles_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "scripts.faults", "--profile", "sample", "--seed", str(SEED),
            "--folder", str(tmp_path / "place"), "--log", str(tmp_path / "rounds.jsonl"),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
