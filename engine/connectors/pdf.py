"""A small PDF of headings and paragraphs, Chinese included, on the reader's own Song face; no library.

The face is one of the standard Asian ones (Adobe-GB1, PDF 1.7 section 9.7.5.2), so the file needs to embed none.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

WIDTH, HEIGHT, MARGIN = 595, 842, 64
SIZES = {1: 18, 2: 14, 3: 12}
BODY = 11
LEADING = 1.6
FONT = (
    b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering "
    b"(GB1) /Supplement 4 >> /DW 1000 /W [1 95 500] /FontDescriptor 5 0 R >>"
)
DESCRIPTOR = (
    b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
    b"/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
)


def pdf(title: str, text: str) -> bytes:
    """A4 pages: the title, then the Markdown text (headings ``#``, lists ``-``, everything else as paragraphs)."""
    pages = list(_pages([(title, 18, True), ("", BODY, False), *_lines_of(text)]))
    return _file(title, pages)


def _lines_of(text: str) -> Iterator[tuple[str, int, bool]]:
    for line in text.replace("\r\n", "\n").split("\n"):
        stripped = line.rstrip()
        level = len(stripped) - len(stripped.lstrip("#"))
        if 1 <= level <= 3 and stripped[level : level + 1] == " ":
            yield stripped[level:].strip(), SIZES[level], False
        elif stripped.startswith(("- ", "* ")):
            yield f"· {_plain(stripped[2:])}", BODY, False
        else:
            yield _plain(stripped), BODY, False


def _plain(text: str) -> str:
    return text.replace("**", "").replace("`", "")


def _width(letter: str) -> float:
    return 0.5 if letter < "\u0080" else 1.0


def _wrap(text: str, size: int) -> Iterator[str]:
    room = (WIDTH - 2 * MARGIN) / size
    line, used = "", 0.0
    for letter in text:
        width = _width(letter)
        if used + width > room and letter not in "，。；：、）】》":
            yield line
            line, used = "", 0.0
        line, used = line + letter, used + width
    yield line


def _pages(lines: list[tuple[str, int, bool]]) -> Iterator[bytes]:
    parts: list[str] = []
    y = float(HEIGHT - MARGIN)
    for text, size, centred in lines:
        for piece in _wrap(text, size):
            y -= size * LEADING
            if y < MARGIN:
                yield "\n".join(parts).encode("ascii")
                parts, y = [], HEIGHT - MARGIN - size * LEADING
            x = (WIDTH - sum(map(_width, piece)) * size) / 2 if centred else MARGIN
            if piece:
                code = piece.encode("utf-16-be", "replace").hex().upper()
                parts.append(f"BT /F1 {size} Tf {x:.1f} {y:.1f} Td <{code}> Tj ET")
    yield "\n".join(parts).encode("ascii")


def _file(title: str, pages: list[bytes]) -> bytes:
    count = len(pages)
    kids = " ".join(f"{7 + 2 * number} 0 R" for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [4 0 R] >>",
        FONT,
        DESCRIPTOR,
        f"<< /Title <FEFF{title.encode('utf-16-be', 'replace').hex().upper()}> /Producer (CityLoop) >>".encode(),
    ]
    for number, content in enumerate(pages):
        packed = zlib.compress(content, 9)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {8 + 2 * number} 0 R >>".encode()
        )
        objects.append(f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode() + packed + b"\nendstream")
    return _assemble(objects)


def _assemble(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.7\n%\xe5\x9f\x8e\xe7\x8e\xaf\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
