"""The pages' font: Pretendard (SIL OFL 1.1) cut into small files, with the style sheet that names them. Run by maintainers only.

    npm pack pretendard@1.3.9        # then unpack it; its dist/web/static/woff2 is what this reads
    python scripts/fonts.py FOLDER   # wants fonttools and brotli

The first file of a weight has what the pages' own words are written with; the others have the rest of KS X 1001, the commonest syllables
first, so that a page with names and places loads one or two small files more. The font's name is reserved, so the files carry none.
All of it lies in the repository: a wheel needs no network.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WEB = ROOT / "ledger_service" / "web"
STATIC = WEB / "static"
WEIGHTS = {400: "Regular", 700: "Bold"}
SYLLABLES_A_FILE = 210
LATIN = "".join(map(chr, range(0x20, 0x7F))) + "·–—−…×±°“”‘’「」→←▸▾※"


def main(folder: Path) -> None:
    """Write the files and `fonts.css`."""
    own = own_characters()
    rest = [one for one in by_frequency(folder) if one not in own]
    files = [sorted(own)] + [rest[at : at + SYLLABLES_A_FILE] for at in range(0, len(rest), SYLLABLES_A_FILE)]
    for old in STATIC.glob("*.woff2"):
        old.unlink()
    faces = [
        face(folder, weight, name, part, characters)
        for weight, name in WEIGHTS.items()
        for part, characters in enumerate(files)
    ]
    (STATIC / "fonts.css").write_text("\n".join(faces) + "\n")
    (STATIC / "Pretendard-LICENSE.txt").write_text((folder.parents[2] / "LICENSE.txt").read_text())
    print(f"{len(files)} files a weight, {len(own)} characters of our own, {len(rest)} others")


def own_characters() -> set[str]:
    """What templates, words and the services' messages are written with."""
    sources = [path for kind in ("*.py", "*.html") for path in (ROOT / "ledger_service").rglob(kind)]
    written = "".join(path.read_text() for path in sources)
    return set(LATIN) | {one for one in written if is_syllable(one)}


def is_syllable(character: str) -> bool:
    """Whether it is a Hangul syllable of KS X 1001."""
    if not "가" <= character <= "힣":
        return False
    try:
        return len(character.encode("euc-kr")) == 2  # the other syllables take eight bytes, as sequences of letters
    except UnicodeEncodeError:
        return False


def by_frequency(folder: Path) -> list[str]:
    """Every syllable of KS X 1001 in the order of Pretendard's own subsets, which go from rare to common, turned round."""
    style = (folder.parent / "pretendard-dynamic-subset.css").read_text()
    found: dict[str, None] = {}
    blocks = re.findall(r"font-weight: 400;.*?unicode-range: (.*?);", style, re.DOTALL)
    for ranges in reversed(blocks):
        for first, _, last in (one.strip()[2:].partition("-") for one in ranges.split(",")):
            for code in range(int(first, 16), int(last or first, 16) + 1):
                if is_syllable(chr(code)):
                    found.setdefault(chr(code))
    every = [chr(code) for code in range(0xAC00, 0xD7A4) if is_syllable(chr(code))]
    return [*found, *(one for one in every if one not in found)]


def face(folder: Path, weight: int, name: str, part: int, characters: list[str]) -> str:
    """Write one file; its @font-face."""
    from fontTools import subset

    target = STATIC / f"boram-{weight}-{part:02d}.woff2"
    options = ["--flavor=woff2", "--layout-features=kern,liga,tnum", "--no-hinting", "--obfuscate-names"]
    subset.main(
        [str(folder / f"Pretendard-{name}.woff2"), f"--text={''.join(characters)}", f"--output-file={target}", *options]
    )
    return (
        f"@font-face{{font-family:Boram;font-weight:{weight};font-display:swap;"
        f"src:url({target.name});unicode-range:{','.join(ranges_of(characters))}}}"
    )


def ranges_of(characters: list[str]) -> list[str]:
    """The characters as CSS unicode ranges."""
    codes = sorted(map(ord, characters))
    ranges, first = [], codes[0]
    for before, code in zip(codes, [*codes[1:], -1], strict=True):
        if code != before + 1:
            ranges.append(f"U+{first:X}" if first == before else f"U+{first:X}-{before:X}")
            first = code
    return ranges


if __name__ == "__main__":
    main(Path(sys.argv[1]))
