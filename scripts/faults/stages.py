"""Making stages of each kind."""

from __future__ import annotations

import itertools
from pathlib import Path

from scripts.faults.launcher import Launcher
from scripts.faults.stage import Stage, Template


class Stages:
    """Makes stages in folders of their own."""

    def __init__(self, launcher: Launcher, template: Template, folder: Path) -> None:
        self._launcher, self._template, self._folder = launcher, template, folder
        self._numbers = itertools.count(1)

    def make(self, kind: str) -> Stage:
        """A new stage, ready for load."""
        folder = self._folder / f"{kind}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        if kind == "embedded":
            stage = self._template.stage(folder)
            stage.service.start()
            stage.service.wait()
            return stage
        raise ValueError(kind)
