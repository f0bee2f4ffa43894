"""The free text of protection cases, put together from sentences of our own."""

from __future__ import annotations

from random import Random
from typing import Final

from registry.demo.chance import pick, whole

RELATIONS: Final = ("bà nội", "bà ngoại", "ông nội", "ông ngoại", "cô ruột", "chú ruột", "dì", "bác", "anh trai")
_SOURCES: Final = ("trưởng thôn", "cô giáo chủ nhiệm", "trạm y tế", "tổng đài", "hàng xóm", "công an xã")
_NAMELESS: Final = "chưa biết tên"

_SENTENCES: Final = (
    "Nhận tin từ {source}, đã ghi lại ngay trong ngày.",
    "Theo lời {source}, cháu chừng {age} tuổi, chưa rõ ngày sinh.",
    "Cán bộ trẻ em xã ghé nhà lúc {hour} giờ, gặp được {relation} và cháu {name}.",
    "{relation_capital} cho biết cháu {name} ăn ngủ bình thường, ít nói.",
    "Nhà chỉ có {relation} trông cháu, cha mẹ đi làm ở tỉnh khác.",
    "Cháu {name} đã được khám tại trạm y tế, chờ kết quả.",
    "Cháu nghỉ học {weeks} tuần nay, nhà trường đã cử giáo viên tới thăm.",
    "Xã hẹn họp với gia đình trong tuần tới để bàn hướng hỗ trợ.",
    "Đã gọi số {phone}, người nhà nghe máy và hẹn làm việc tại trụ sở.",
    "Gia đình còn thiếu giấy tờ của cháu {name}, đề nghị tư pháp xã hướng dẫn.",
    "Họ tên cháu ghi theo lời kể, cần đối chiếu lại.",
    "Chưa tìm được nhà, {source} sẽ dẫn đường lần sau.",
    "Đề nghị xét trợ giúp xã hội và miễn học phí cho cháu.",
    "Tâm lý cháu ổn hơn sau {weeks} buổi tư vấn.",
    "Người báo tin mong không ai biết mình đã gọi.",
)


def notes(rng: Random, *, name: str | None, age: int) -> str:
    """Return one to five sentences that belong to one case."""
    relation = pick(rng, RELATIONS)
    words = {
        "source": pick(rng, _SOURCES),
        "relation": relation,
        "relation_capital": relation.capitalize(),
        "name": name or _NAMELESS,
        "age": age,
        "hour": whole(rng, 7, 17),
        "weeks": whole(rng, 2, 6),
        "phone": withdrawn_phone(rng),
    }
    count = whole(rng, 1, 5)
    return " ".join(sentence.format(**words) for sentence in rng.sample(_SENTENCES, count))


def withdrawn_phone(rng: Random) -> str:
    """Return a number behind a prefix that was withdrawn in 2018, so that nobody can be called."""
    return f"019970{whole(rng, 0, 99_999):05d}"
