"""Style, fonts and marks, served from the package itself under addresses that change with their content."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from ledger_service.web.brand import Brand

STATIC = Path(__file__).parent / "static"
KEPT = "public, max-age=31536000, immutable"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_PACKED = frozenset({".css", ".js", ".svg"})  # fonts and pictures are packed already
_VERSION_LENGTH = 12
_COMMENT = re.compile(rb"/\*.*?\*/|\n", re.DOTALL)  # and line ends: every byte counts on a slow telephone


class Assets:
    """What lies in `static`, and the district's colour and logo. All of it is small and kept in memory, texts also packed."""

    def __init__(self, brand: Brand) -> None:
        files = {file.name: file.read_bytes() for file in STATIC.iterdir() if file.suffix in _TYPES}
        files["boram.css"] = _COMMENT.sub(b"", files["boram.css"])
        files["brand.css"] = f":root{{--brand:{brand.colour}}}\n".encode()
        if brand.logo is not None:
            files["logo" + brand.logo.suffix] = brand.logo.read_bytes()
        self._files = files
        self._packed = {
            name: gzip.compress(content, mtime=0) for name, content in files.items() if Path(name).suffix in _PACKED
        }
        together = hashlib.sha256()
        for name, content in sorted(files.items()):
            together.update(name.encode() + hashlib.sha256(content).digest())
        self._version = together.hexdigest()[:_VERSION_LENGTH]

    def address(self, name: str) -> str:
        """Where a file is; fonts are named by the style beside them, so all share one version."""
        assert name in self._files, f"no such asset: {name}"
        return f"/assets/{self._version}/{name}"

    async def serve(self, request: Request) -> Response:
        """One file. An address of an older version gives today's, which is not kept."""
        request.state.route = "/assets/{version}/{name}"
        name = request.path_params["name"]
        content = self._files.get(name)
        if content is None:
            return Response("not found", 404, media_type="text/plain")
        is_current = request.path_params["version"] == self._version
        headers = {
            "content-type": _TYPES[Path(name).suffix],
            "cache-control": KEPT if is_current else "no-cache",
            "vary": "accept-encoding",
        }
        if name in self._packed and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(self._packed[name], headers=headers | {"content-encoding": "gzip"})
        return Response(content, headers=headers)
