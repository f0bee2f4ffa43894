"""What a refused record is told, by rule: one plain sentence in Vietnamese and one in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in the two languages."""

    vi: str
    en: str


SENTENCES: Final[Mapping[str, Sentence]] = {
    # of the form: the record was not kept
    "not_json": Sentence("Dòng này không phải là JSON hợp lệ.", "This line is not valid JSON."),
    "not_an_object": Sentence("Bản ghi phải là một đối tượng JSON.", "A record must be a JSON object."),
    "too_deep": Sentence("Bản ghi lồng nhau quá sâu.", "The record is nested too deeply."),
    "text_broken": Sentence("Có ký tự không hợp lệ trong văn bản.", "A text holds a sign that is no character."),
    "number_broken": Sentence("Có số quá lớn hoặc không phải là số.", "A number is too large, or is none."),
    "field_missing": Sentence("Thiếu một trường bắt buộc.", "A field that is needed is missing."),
    "field_broken": Sentence("Kiểu hoặc giá trị của trường không đúng mẫu.", "The field has not the agreed form."),
    "stamp_broken": Sentence("Thời điểm phải theo ISO 8601 và có múi giờ.", "The time must be ISO 8601 with a zone."),
    "stamp_missing": Sentence("Thiếu thời điểm cập nhật.", "The time of the change is missing."),
    "key_missing": Sentence("Thiếu mã của bản ghi.", "The key of the record is missing."),
    "key_broken": Sentence("Mã của bản ghi không hợp lệ.", "This cannot be the key of a record."),
    "version_broken": Sentence("Số phiên bản không hợp lệ.", "This cannot be the number of a version."),
    "case_not_here": Sentence(
        "Chỉ hệ thống bảo vệ trẻ em được gửi hồ sơ vụ việc.", "Only the protection system may send cases."
    ),
    # of the values: the record is kept sealed and waits
    "impossible_date": Sentence("Ngày này không có trong lịch.", "The calendar has no such day."),
    "unreadable_date": Sentence("Không đọc được ngày theo các mẫu đã thống nhất.", "The date has none of the forms."),
    "future_date": Sentence("Ngày sinh ở trong tương lai.", "The birth date lies in the future."),
    "unknown_sex": Sentence("Mã giới tính không được định nghĩa.", "The code for the sex is none that is defined."),
    "formula_text": Sentence(
        "Văn bản bắt đầu như một công thức bảng tính.", "The text begins as a formula of a spreadsheet."
    ),
    "loose_mark": Sentence("Có dấu không gắn với chữ cái nào.", "A mark belongs to no letter."),
    "control_character": Sentence("Có ký tự điều khiển trong văn bản.", "The text holds a control character."),
    "lost_character": Sentence("Có chữ bị mất khi chuyển mã.", "A letter was lost when the text was converted."),
    "digits_for_name": Sentence("Có chữ số ở chỗ của họ tên.", "Digits stand where a name should."),
    "too_long": Sentence("Văn bản dài quá mức cho phép.", "The text is longer than it may be."),
    "record_damaged": Sentence(
        "Bản ghi đang lưu bị hỏng nên chưa thể cập nhật; hãy báo cho quản trị viên.",
        "The stored record is damaged and cannot be added to; tell the administrator.",
    ),
    "row_damaged": Sentence("Không đọc lại được dữ liệu đã lưu của dòng này.", "What was kept of the row is damaged."),
    # of the order: something else stands
    "version_conflict": Sentence(
        "Số phiên bản này đã có với nội dung khác.", "This version number is known with another content."
    ),
}
OUTCOMES: Final[Mapping[str, Sentence]] = {
    "accepted": Sentence("Đã nhận.", "It was taken in."),
    "duplicate": Sentence("Nội dung này đã có.", "This content is known already."),
    "stale": Sentence("Đã có phiên bản mới hơn.", "A newer version is known."),
    "conflict": Sentence("Phiên bản này đã có với nội dung khác.", "This version is known with another content."),
    "quarantined": Sentence(
        "Bản ghi vi phạm một quy tắc và được giữ chờ sửa.", "It breaks a rule and waits for repair."
    ),
    "rejected": Sentence(
        "Không phải bản ghi đúng mẫu; không lưu gì.", "It is no record of this form; nothing is kept."
    ),
}
_OTHER: Final = Sentence("Bản ghi vi phạm một quy tắc.", "The record breaks a rule.")


def sentence_of(outcome: str, rule: str | None) -> Sentence:
    """Return what is said of a record; args: rule: None: the outcome says it all."""
    if rule is None:
        return OUTCOMES.get(outcome, _OTHER)
    return SENTENCES.get(rule, _OTHER)
