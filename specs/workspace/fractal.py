"""Render a view of the Mandelbrot set as a PNG, with nothing but the standard library.

Writes data_out/image.png. A point belongs to the set when z = z*z + c, begun at 0, stays small for ever; every other point
is coloured by how soon it runs away.
"""

from __future__ import annotations

import argparse
import math
import struct
import zlib
from pathlib import Path

FAR = 32.0  # beyond 2 every point runs away; further out, the colours become smoother
RGB = tuple[int, int, int]


def escape(c: complex, most: int) -> float:
    """Return after how many steps `c` runs away, with a fraction for smooth colours; -1 when it does not in `most`."""
    z = 0j
    for count in range(most):
        z = z * z + c
        if abs(z) > FAR:
            return count + 1 - math.log2(math.log(abs(z)) / math.log(FAR))
    return -1.0


def colour(steps: float) -> RGB:
    """Map a number of steps to a colour: three cosines out of phase; black inside the set."""
    if steps < 0:
        return (0, 0, 0)
    turn = 2.6 * math.log(max(steps, 1.0))
    red, green, blue = (round(127.5 - 127.5 * math.cos(turn + phase)) for phase in (0.6, 0.3, -0.2))
    return (red, green, blue)


def render(width: int, height: int, centre: complex, extent: float, most: int) -> list[bytes]:
    """Return the rows of the picture, three bytes a pixel; `extent` is the width of the view."""
    step = extent / width
    rows = []
    for y in range(height):
        imaginary = centre.imag + (height / 2 - y) * step
        row = bytearray()
        for x in range(width):
            row += bytes(colour(escape(complex(centre.real + (x - width / 2) * step, imaginary), most)))
        rows.append(bytes(row))
        if (y + 1) % (height // 4) == 0:
            print(f"{(y + 1) * 100 // height:>3} % rendered")
    return rows


def png(rows: list[bytes], width: int) -> bytes:
    """Return a PNG file of 8-bit RGB rows (https://www.w3.org/TR/png-3/)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\x00" + row for row in rows)  # 0: the row is stored as it is
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(pixels, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def main() -> None:
    """Render what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--height", type=int, default=320)
    parser.add_argument("--centre", type=complex, default=-0.7 + 0j)
    parser.add_argument("--extent", type=float, default=3.2)
    parser.add_argument("--iterations", type=int, default=200)
    options = parser.parse_args()

    rows = render(options.width, options.height, options.centre, options.extent, options.iterations)
    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "image.png").write_bytes(png(rows, options.width))


if __name__ == "__main__":
    main()
