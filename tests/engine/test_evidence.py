"""Files of a case: taken as they are, or refused with a reason."""

import io
import os
import zipfile
from datetime import timedelta

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from engine import clock, evidence
from engine.errors import InvalidInput, NotFound
from engine.evidence import pictures
from engine.settings import Settings
from engine.storage import Evidence


def path_of(row, **wanted):
    return evidence.file_of(row, Settings.from_environment(), **wanted)


def spoilt(session):
    return list(evidence.spoilt(session, Settings.from_environment()))


def jpeg(size=(640, 480), *, gps=None, taken="2026:10:12 16:20:00", orientation=None):
    image = Image.new("RGB", size, "green")
    exif = image.getexif()
    exif[271] = "Huawei\x00"
    if orientation:
        exif[274] = orientation
    exif.get_ifd(0x8769)[36867] = taken
    if gps:
        exif.get_ifd(0x8825).update(gps)
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


def png(size=(64, 64), mode="RGBA"):
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG")
    return out.getvalue()


def office(member):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<x/>")
    return out.getvalue()


LIANHUA = {1: "N", 2: (22.0, 33.0, 7.2), 3: "E", 4: (114.0, 3.0, 25.2)}


def refused(*arguments, **names):
    with pytest.raises(InvalidInput) as caught:
        evidence.store(*arguments, **names)
    return caught.value.problems[0].path, caught.value.problems[0].code


def test_a_photo_is_kept_unchanged_with_its_hash_time_and_place(session, people):
    data = jpeg(gps=LIANHUA)
    row = evidence.store(session, people.inspector, data, file_name="照片.jpg", slot="near")
    assert path_of(row).read_bytes() == data and spoilt(session) == []
    assert (row.kind, row.content_type, row.width, row.height) == ("photo", "image/jpeg", 640, 480)
    assert row.taken_at == clock.parse("2026-10-12 16:20")
    assert (row.longitude, row.latitude) == pytest.approx((114.057, 22.552))
    assert row.file_name == "照片.jpg" and row.exif["Make"] == "Huawei"
    assert row.uploaded_by_id == people.inspector.person_id and len(row.public_id) >= 20


def test_the_preview_is_small_upright_and_knows_nothing_of_the_place(session, people):
    data = jpeg((4000, 3000), gps=LIANHUA, orientation=6)
    row = evidence.store(session, people.inspector, data, file_name="a.jpg")
    with Image.open(path_of(row, preview=True)) as preview:
        assert preview.format == "JPEG" and max(preview.size) == pictures.PREVIEW_SIDE
        assert preview.size[0] < preview.size[1], "turned as the phone was held"
        assert not preview.getexif()


def test_the_same_bytes_are_kept_once_and_known_by_two_ids(session, people):
    first, second = (evidence.store(session, people.clerk, png(), file_name=name) for name in ("a.png", "b.png"))
    assert first.public_id != second.public_id and path_of(first) == path_of(second)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"%PDF-1.7\n%...", "移送函.pdf", "document"),
        (office("word/document.xml"), "a.docx", "document"),
        (office("xl/workbook.xml"), "a.xlsx", "document"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 20, "a.mp4", "video"),
        (b"\x00\x00\x00\x14ftypqt  " + b"\x00" * 20, "a.mov", "video"),
        (b"ID3\x03" + b"\x00" * 20, "a.mp3", "audio"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "a.wav", "audio"),
        (png(), "phone.jpg", "photo"),
        (png(), "no ending", "photo"),
    ],
)
def test_what_is_taken_is_known_by_its_bytes(session, people, data, name, kind):
    row = evidence.store(session, people.clerk, data, file_name=name)
    assert row.kind == kind and (row.preview_sha256 is not None) == (kind == "photo")


@pytest.mark.parametrize(
    ("name", "content_type", "saved"),
    [
        ("现场.jpg", "image/jpeg", "现场.jpg"),
        ("现场.JPEG", "image/jpeg", "现场.JPEG"),
        ("现场.png", "image/jpeg", "现场.jpg"),
        ("网页.html", "application/pdf", "网页.html.pdf"),
        ("3.5 米处", "image/png", "3.5 米处.png"),
    ],
)
def test_a_file_is_saved_under_the_ending_of_what_it_is(name, content_type, saved):
    assert evidence.honest_name(name, content_type) == saved


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.jpg", "empty_file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "a.svg", "unsupported_type"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "a.jpg", "unsupported_type"),
        (b"<html>", "a.html", "unsupported_type"),
        (b"MZ\x90\x00", "a.exe", "unsupported_type"),
        (b"GIF89a" + b"\x00" * 20, "a.gif", "unsupported_type"),
        (office("word/vbaProject.bin"), "a.docm", "unsupported_type"),
        (b"PK\x03\x04 no zip", "a.docx", "unsupported_type"),
        (b"%PDF-1.7\n", "a.jpg", "another_type"),
        (png(), "a.pdf", "another_type"),
        (png(), "a.mp4", "another_type"),
        (b"\xff\xd8\xff\xe0 not a picture", "a.jpg", "broken_picture"),
        (png()[:60], "a.png", "broken_picture"),
    ],
)
def test_what_is_not_taken_is_refused_with_the_reason(session, people, data, name, code):
    assert refused(session, people.clerk, data, file_name=name, slot="near") == ("near", code)
    assert session.query(Evidence).count() == 0


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(session, people, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100 * 100)
    assert refused(session, people.clerk, png((101, 100)), file_name="a.png")[1] == "too_many_pixels"
    monkeypatch.setattr(pictures.Image, "MAX_IMAGE_PIXELS", 1000)
    assert refused(session, people.clerk, png((50, 50)), file_name="a.png")[1] == "too_many_pixels"
    assert refused(session, people.clerk, png((50, 50), "1"), file_name="a.png")[1] == "too_many_pixels"


def test_a_file_too_large_is_refused_without_reading_it_all(session, people):
    class Endless(io.RawIOBase):
        taken = 0

        def read(self, size=-1):
            assert 0 < size < 3 * 1024 * 1024
            Endless.taken += size
            return b"\xff\xd8\xff" + b"\x00" * (size - 3)

    small = Settings(data_dir=Settings.from_environment().data_dir, max_upload_mb=2)
    assert refused(session, people.clerk, Endless(), file_name="a.jpg", settings=small)[1] == "file_too_large"
    assert Endless.taken <= 2 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\x\\照片 1.png", "照片 1.png"),
        ("a\x00b\n.png", "ab.png"),
        ("\u202egnp.exe.png", "gnp.exe.png"),
        ("...", "file.png"),
        ("", "file.png"),
        ("x" * 400 + ".png", "x" * 200),
    ],
)
def test_names_are_text_and_never_paths(session, people, given, kept):
    assert evidence.store(session, people.clerk, png(), file_name=given).file_name == kept


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (IFDRational(1, 0), 0.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: (900.0, 0.0, 0.0), 3: "E", 4: (114.0, 0.0, 0.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 3: "E"},
    ],
)
def test_an_absurd_position_is_no_position(session, people, gps):
    row = evidence.store(session, people.clerk, jpeg(gps=gps, taken="yesterday"), file_name="a.jpg")
    assert (row.longitude, row.latitude, row.taken_at) == (None, None, None)


def test_an_upload_joins_the_case_of_the_deed_that_names_it(session, people, open_case):
    case = open_case()
    row = evidence.store(session, people.inspector, png(), file_name="a.png", slot="after")
    attached = evidence.attach(session, people.inspector, [row.public_id], case_id=case.id, element_id="clean_up")
    assert attached == [row] and evidence.of_case(session, case.id) == [row]
    evidence.attach(session, people.clerk, [row.public_id], case_id=case.id)
    assert row.element_id == "clean_up", "what is in the case stays as it is"
    assert evidence.manifest(session, case.id)[0]["sha256"] == row.sha256


def test_somebody_elses_upload_and_files_of_other_cases_are_unknown(session, people, open_case):
    mine = evidence.store(session, people.inspector, png(), file_name="a.png")
    theirs = evidence.store(session, people.inspector, png(), file_name="b.png", case_id=open_case().id)
    case = open_case()
    with pytest.raises(InvalidInput) as caught:
        evidence.attach(session, people.crew, [mine.public_id, theirs.public_id, "x"], case_id=case.id)
    assert [problem.code for problem in caught.value.problems] == ["unknown_file"] * 3
    with pytest.raises(NotFound):
        evidence.find(session, "x")
    assert evidence.find(session, mine.public_id) == mine


def test_uploads_nobody_named_are_forgotten_and_shared_bytes_stay(session, people, open_case):
    with clock.at("2026-11-01 08:00"):
        evidence.store(session, people.clerk, png(), file_name="a.png", case_id=open_case().id)
        evidence.store(session, people.clerk, png(), file_name="b.png")
        lost = evidence.store(session, people.clerk, jpeg(), file_name="c.jpg")
    path = path_of(lost)
    os.utime(path, (0, 0))
    now = clock.parse("2026-11-02 08:00")
    assert evidence.purge_unclaimed(session, now) == 0
    assert evidence.purge_unclaimed(session, now + timedelta(days=2)) == 2
    assert not path.exists() and spoilt(session) == []


def test_changed_bytes_are_noticed(session, people):
    row = evidence.store(session, people.clerk, png(), file_name="a.png")
    path = path_of(row)
    path.chmod(0o640)
    path.write_bytes(png((65, 65)))
    assert spoilt(session) == [row]
    path.unlink()
    assert spoilt(session) == [row]
