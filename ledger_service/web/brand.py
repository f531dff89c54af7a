"""What makes the pages a district's own: its name, its coin, its colour, its telephone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Brand:
    """`colour` is #rrggbb. `logo` is an SVG or PNG file, or None for the drawn mark."""

    district: str
    district_en: str
    coin: str
    coin_en: str
    colour: str
    help_phone: str
    logo: Path | None = None

    @property
    def logo_name(self) -> str:
        """What the mark is called among the assets."""
        return "icon.svg" if self.logo is None else f"logo{self.logo.suffix}"
