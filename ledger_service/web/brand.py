"""What makes the pages a district's own: its name, its coin, its colour, its telephone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ledger_service.web.plan import DongTile

CONTRAST_LEAST = 4.5  # white text on the colour, and the colour as text on white


@dataclass(frozen=True, slots=True)
class Brand:
    """`colour` is #rrggbb. `logo` is an SVG or PNG file, or None for the drawn mark. `plan`: where its dongs lie."""

    district: str
    district_en: str
    coin: str
    coin_en: str
    colour: str
    help_phone: str
    logo: Path | None = None
    plan: tuple[DongTile, ...] = ()

    @property
    def logo_name(self) -> str:
        """What the mark is called among the assets."""
        return "icon.svg" if self.logo is None else f"logo{self.logo.suffix}"


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of WCAG 2.2 between #rrggbb and white, 1 to 21."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = ((one / 12.92) if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
