"""Pictures: checked by decoding them, previews made, time and place read from their EXIF. The only room with Pillow."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from engine.clock import CITY_ZONE

MOST_PIXELS = 50_000_000
PREVIEW_SIDE = 1280
LONGEST_TEXT = 200
KEPT_TAGS = ("Make", "Model", "Software", "DateTime", "Orientation", "ImageWidth", "ImageLength")
_FORMATS = ("JPEG", "PNG", "WEBP")


class BadPicture(Exception):
    """The bytes are no picture we take; ``code`` is ``broken_picture`` or ``too_many_pixels``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Picture:
    """What was found in a picture; ``preview`` is a JPEG without any EXIF."""

    width: int
    height: int
    preview: bytes
    taken_at: datetime | None = None
    longitude: float | None = None
    latitude: float | None = None
    exif: dict[str, Any] = field(default_factory=dict)


def examine(data: bytes) -> Picture:
    """Decode a picture, make its preview and read its EXIF.

    Raises:
        BadPicture: it cannot be decoded, or is larger than ``MOST_PIXELS``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Other oddities of foreign files are no news to anybody.
            warnings.filterwarnings("ignore", category=UserWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                return _examine(image)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadPicture("too_many_pixels") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
        raise BadPicture("broken_picture") from error


def _examine(image: Image.Image) -> Picture:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise BadPicture("too_many_pixels")
    exif = _exif(image)
    preview = _preview(image)
    longitude, latitude = _position(exif)
    return Picture(width, height, preview, _taken_at(exif), longitude, latitude, _kept(exif))


def _preview(image: Image.Image) -> bytes:
    # JPEG can be decoded at a fraction of its size: an eighth of the memory for a phone's picture.
    image.draft("RGB", (PREVIEW_SIDE, PREVIEW_SIDE))
    turned = ImageOps.exif_transpose(image)
    flat = Image.new("RGB", turned.size, "white")
    alpha = turned.convert("RGBA") if turned.mode in ("RGBA", "LA", "PA", "P") else None
    flat.paste(turned.convert("RGB") if alpha is None else alpha, mask=alpha)
    flat.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _exif(image: Image.Image) -> dict[str, Any]:
    """EXIF by names, those of the GPS block under ``GPS``; a damaged block is as good as none."""
    try:
        found = image.getexif()
        named = {ExifTags.TAGS.get(tag, str(tag)): value for tag, value in found.items()}
        named |= {ExifTags.TAGS.get(tag, str(tag)): value for tag, value in found.get_ifd(ExifTags.IFD.Exif).items()}
        gps = {ExifTags.GPSTAGS.get(tag, str(tag)): value for tag, value in found.get_ifd(ExifTags.IFD.GPSInfo).items()}
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        return {}
    return {**named, "GPS": gps} if gps else named


def _kept(exif: dict[str, Any]) -> dict[str, Any]:
    """The part worth keeping beside the file: what took it and when, as short texts."""
    tags = (*KEPT_TAGS, "DateTimeOriginal", "OffsetTimeOriginal")
    return {tag: str(exif[tag]).replace("\x00", "")[:LONGEST_TEXT].strip() for tag in tags if exif.get(tag)}


def _taken_at(exif: dict[str, Any]) -> datetime | None:
    text = str(exif.get("DateTimeOriginal") or exif.get("DateTime") or "").strip("\x00 ")
    try:
        moment = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S").replace(tzinfo=CITY_ZONE)
        if offset := str(exif.get("OffsetTimeOriginal") or "").strip("\x00 "):
            moment = datetime.fromisoformat(moment.strftime("%Y-%m-%dT%H:%M:%S") + offset)
    except ValueError:
        return None
    return moment.astimezone(UTC)


def _position(exif: dict[str, Any]) -> tuple[float | None, float | None]:
    gps = exif.get("GPS") or {}
    longitude = _degrees(gps.get("GPSLongitude"), gps.get("GPSLongitudeRef"), "W", 180)
    latitude = _degrees(gps.get("GPSLatitude"), gps.get("GPSLatitudeRef"), "S", 90)
    if longitude is None or latitude is None or (longitude == 0 and latitude == 0):
        return None, None
    return longitude, latitude


def _degrees(parts: Any, reference: Any, negative: str, bound: int) -> float | None:
    try:
        degrees, minutes, seconds = (float(Fraction(part)) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not 0 <= value <= bound:
        return None
    return round(-value if str(reference).strip("\x00 ").upper().startswith(negative) else value, 7)
