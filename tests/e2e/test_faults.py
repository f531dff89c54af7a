"""A sample of the fault harness (docs/faults.md): kills at random and at named points, and of the chain, under load. `make faults` has the rest."""

from __future__ import annotations

import subprocess
import sys
import time
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


KILLED = """
import sys, time
from pathlib import Path
from scripts.faults.launcher import Launcher

launcher, folder = Launcher(), Path(sys.argv[1])
launcher.at_end("touch", str(folder / "cleared"))
print(launcher.start_program("/bin/sleep", ["600"], folder / "log"), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="death signals are Linux's")
def test_a_harness_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    harness = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with harness:
        assert harness.stdout is not None
        started = Path("/proc") / harness.stdout.readline().strip()
        was_there = started.exists()
        harness.kill()
    assert was_there
    deadline = time.monotonic() + 60
    while (started.exists() or not (tmp_path / "cleared").exists()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (tmp_path / "cleared").exists()
    assert not started.exists()
