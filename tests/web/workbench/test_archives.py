"""Zip files of bundles: whatever bytes come, they are a bundle or are refused."""

from __future__ import annotations

import io
import random
import zipfile

import pytest

from engine.errors import InvalidInput
from web.pages.workbench.archives import read_archive


def packed(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a.bpmn", random.Random(1).randbytes(200) + b"<x/>" * 50)
    return stream.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_refused_whatever_was_damaged(method: int) -> None:
    whole, chance = packed(method), random.Random(method)
    assert list(read_archive(whole, "bundle")) == ["workflows/bundle/a.bpmn"]
    refused = 0
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_archive(bytes(damaged), "bundle")
        except InvalidInput:
            refused += 1
    assert refused > 1000
