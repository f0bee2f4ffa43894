"""The simulated SOAP service keeps to the shapes of the messages that are kept as samples."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Tree

import httpx
import pytest

from connectors.simulators.population import Conduct, Dialect, Person, SimulatedPopulation
from tests.connectors.simulators.asking import Clock, bus_headers, by_the_norm, parsed

SAMPLES = Path(__file__).parents[2] / "specs" / "vn-population"
NORM = "{http://www.mic.gov.vn/dancu/1.0}"
# What the samples leave out, by the first name of the place, and what stands in them alone.
MORE = {
    "TrangThaiCongDan",
    "NoiOHienTai",
    "NoiDangKyKhaiSinh",
    "TinhTrangHonNhan",
    "QuocTich",
    "NguoiDaiDien",
    "ChuHo",
    "SoSoHoKhau",
    "SoCMND",
}
LESS = {"Me/SoCMND"}  # a mother of the sample has an old card and no number

SAMPLE = Person(
    number="000000000001",
    full_name="Nguyễn Thị Mẫu",
    birth_date="2019-05-17",
    sex="2",
    province="01",
    commune="00001",
    detail="Phường Mẫu",
    ethnicity="01",
    mother_name="Phạm Thị Mẫu",
    mother_number="000000000003",
    father_name="Nguyễn Văn Mẫu",
    father_number="000000000002",
)


def sample(name: str) -> Tree.Element:
    """Return a sample."""
    return parsed((SAMPLES / name).read_text(encoding="utf-8"))


def places(element: Tree.Element, path: str = "") -> set[str]:
    """Return the place of each element of a citizen; all of them are of the norm's name space."""
    found: set[str] = set()
    for child in element:
        assert child.tag.startswith(NORM)
        place = f"{path}/{child.tag.removeprefix(NORM)}".lstrip("/")
        found |= {place} | places(child, place)
    return found


def citizen(root: Tree.Element) -> Tree.Element:
    """Return the citizen of a message."""
    found = next(root.iter(f"{NORM}CongDan"), None)
    assert found is not None
    return found


def answered(question: bytes, dialect: Dialect) -> Tree.Element:
    """Return what the simulator answers about the samples' citizen."""
    clock = Clock()
    simulated = SimulatedPopulation([SAMPLE], clock=clock, conduct=Conduct(dialect=dialect))
    with httpx.Client(transport=simulated.transport(), base_url="http://127.0.0.1") as client:
        return parsed(client.post("/npdb", content=question, headers=bus_headers("/npdb", clock())).text)


@pytest.mark.parametrize(
    ("name", "dialect"),
    [("c06-lookup-response.xml", Dialect.NPDB), ("qcvn109-congdan.xml", Dialect.QCVN109)],
)
def test_a_citizen_has_the_elements_of_the_sample_and_few_others(name: str, dialect: Dialect) -> None:
    ours = places(citizen(answered(by_the_norm("TraCuuThongTinCongDan", SAMPLE).encode(), dialect)))
    theirs = places(citizen(sample(name)))
    assert theirs - ours <= LESS
    assert {place.partition("/")[0] for place in ours - theirs} <= MORE | {"Cha", "Me"}


def test_the_sample_of_a_question_is_answered_as_the_sample_of_an_answer() -> None:
    question = (SAMPLES / "c06-lookup-request.xml").read_bytes()
    told, expected = citizen(answered(question, Dialect.NPDB)), citizen(sample("c06-lookup-response.xml"))
    for place in ("SoDinhDanh", "HoVaTen/Ten", "GioiTinh", "DanToc", "NgayThangNamSinh/NgayThangNam",
                  "ThuongTru/MaPhuongXa", "Cha/HoVaTen", "Me/SoDinhDanh"):  # fmt: skip
        path = "/".join(f"{NORM}{tag}" for tag in place.split("/"))
        assert told.findtext(path) == expected.findtext(path), place
