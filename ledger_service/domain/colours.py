"""Whether a colour can be read: the contrast of WCAG 2.2 (1.4.3)."""

from __future__ import annotations

CONTRAST_LEAST = 4.5  # white text on the colour, and the colour as text on white


def contrast_with_white(colour: str) -> float:
    """The contrast ratio of WCAG 2.2 between #rrggbb and white, 1 to 21."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = ((one / 12.92) if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
