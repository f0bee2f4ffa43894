"""Lists of names for inventing people: what children are called today, and families of peoples with no list elsewhere.

The weights follow the fashion of the last fifteen years by ear; they are no statistics. Each list is written as words
with an optional weight after a colon.
"""

from __future__ import annotations

from typing import Final

from registry.demo.chance import Weighted


def _weighted(text: str) -> Weighted[str]:
    pairs = (item.partition(":") for item in text.replace("\n", " ").split(","))
    return Weighted((name.strip().replace("_", " "), float(weight or 1)) for name, _, weight in pairs)


GIRLS_GIVEN: Final = _weighted(
    "Anh:7.1,Vy:5.6,Ngọc:4.2,Nhi:4.2,Hân:4.1,Thư:4.1,Linh:3.6,Như:3.1,Ngân:3,Châu:2.4,My:2.6,Trâm:2.3,Chi:2.5,"
    "Quỳnh:2,Trang:2.1,Hà:1.6,Mai:1.6,Yến:1.8,Trúc:1.6,An:2.2,Khuê:.7,Diệp:1.4,Đan:1,Ly:1.2,Uyên:1.3,Thảo:1.7,"
    "Phương:1.9,Ánh:1.2,Tiên:1.4,Nghi:1.4,Khánh:.8,Vân:1.1,Hương:1,Lam:.8,Tâm:.9,Nga:.5,Tuyền:.6,Thanh:.6,"
    "Huyền:1.1,Dung:.5,Minh:.6,Duyên:1,Giang:.9,Băng:.3,Hoa:.4,San:.3,Khanh:.7,Nhiên:.6,Thủy:.5,Thùy:.7,Thúy:.5,"
    "Lan:.5,Oanh:.4,Hằng:.6,Dương:.6,Bích:.2,Tuệ:.4,Quyên:.7,Hiền:.7,Kim:.3,Loan:.2,Xuân:.3,Thy:.6,Hoài:.2,Đào:.2"
)
BOYS_GIVEN: Final = _weighted(
    "Minh:4.2,Huy:4.3,Khang:4,Bảo:3.6,Khôi:3.3,Phúc:3.5,Anh:3.3,Khoa:3,Phát:2.6,Đạt:2.6,Nam:2.8,Long:2.7,Quân:2.8,"
    "Kiệt:2.3,Thịnh:2.1,Hưng:2.2,Duy:2,Nguyên:2.2,Tuấn:1.6,Dũng:1.5,Đức:1.8,Hiếu:1.7,Phong:2.2,Quang:1.6,An:1.9,"
    "Tài:1.3,Nghĩa:1.2,Trí:1.6,Lâm:1.5,Thiện:1.5,Toàn:1,Bách:1,Tùng:1.1,Sơn:1.1,Việt:.9,Vinh:1.1,Trung:.9,Thành:1,"
    "Hải:1,Nhân:1.3,Tiến:1.1,Hoàng:1.3,Lộc:.8,Đăng:1.1,Khánh:1.2,Hào:.8,Kha:.6,Khải:.9,Vũ:.8,Luân:.4,Thuận:.6,"
    "Bình:.8,Tân:.5,Tú:.7,Hòa:.4,Khiêm:.4,Quốc:.5,Dương:.9,Đông:.4,Hậu:.5,Nhật:.9,Thái:.7,Quý:.5,Sĩ:.1,Kỳ:.2,Huỳnh:.1"
)
GIRLS_MIDDLE: Final = _weighted(
    "Thị:15,Ngọc:15,Bảo:7,Khánh:6,Minh:5,Phương:5,Gia:4,Thanh:4,Thảo:4,Quỳnh:3.5,Kim:3.5,Như:3.5,Yến:3,An:3,"
    "Thiên:2.6,Tường:2,Diệu:2,Hà:2,Ánh:1.6,Hoàng:1.6,Mai:1.6,Cẩm:1.5,Nhã:1.5,Thùy:1.5,Tuệ:1.3,Anh:1.5,Mỹ:1.3,Hồng:1.3,"
    "Xuân:1,Vân:1,Lan:.8,Bích:.7,Trúc:.8,Linh:.8,Hải:.6,Tú:.6,Thúy:.8,Thu:.9,Phúc:.4,Huyền:.6,Uyên:.4,Đan:.4"
)
BOYS_MIDDLE: Final = _weighted(
    "Gia:9,Minh:9,Hoàng:7,Bảo:6,Đức:5,Anh:5.5,Quốc:4,Nhật:4,Tuấn:4,Thanh:3,Duy:4,Quang:3,Thiên:4,Đăng:4,Hữu:2.6,Văn:3,"
    "Trung:2.6,Ngọc:2.2,Phúc:2.6,Thành:2.6,Khánh:2,Xuân:1.6,Đình:2,Công:1.6,Tấn:1.6,Trọng:1.5,Khôi:1,Huy:1,Hải:1.6,"
    "Vĩnh:.7,Trí:.8,Chí:.8,Mạnh:1,Thế:.9,Phú:.6,Nguyên:.9,An:1,Tiến:.8,Bá:.5,Việt:.6,Hùng:.4"
)

# Given names of the highlands beside the Vietnamese ones, with letters that the old character sets do not have.
HIGHLAND_MEN: Final = _weighted(
    "Blưt,Brơi,Čal,Dhăm,Djuê,Jŭt,Krông,Luôn,Moan,Nuê,Phôn,Rin,Suôt,Thim,Tlang,Wên,Yôn,Khăm,Siêng,Bhem,Luk,Plới,"
    "Nam:2,Tuấn:2,Huy:2,Khanh:2,Thịnh:2,Minh:2,Đạt:2,Nhật:2,Bảo:2,Khôi:1.5,Duy:1.5,Hùng:1.5"
)
HIGHLAND_WOMEN: Final = _weighted(
    "Bluên,Bih,Hen,Juê,Mrao,Nhŭ,Rôza,Sara,Wơ,Yar,Čil,Lơ,Duyn,Bưm,Hrĭn,Nguôm,Pleo,Blơn,Mĭ,"
    "Nga:2,Ngọc:2,Nhung:2,Trang:2,Thu:2,Linh:2,Nhi:2,Thảo:2,Yến:1.5,Hạnh:1.5,Duyên:1.5,Vy:1.5,Hương:1.5"
)
KHMER_GIVEN: Final = _weighted(
    "Phanh,Phal,Rith,Ry,Tha,Vanna:.7,Sa_Rây:.5,Sóc,Kha,Chanh,Huy:2,Minh:2,Toàn,Vinh,Duy,Trí,Hậu,Lâm,Khang:2,Bảo:2"
)
KHMER_WOMEN: Final = _weighted(
    "Sô_Phia:.5,Ni,Srây,Thi_Đa:.5,Chanh_Thu:.4,Linh:2,Như:2,Ngọc:2,Ly,Trúc,Hân:2,Nhi:2,Thảo,Hương,Mỹ,Vy:2,Đào,Kim"
)
MONG_MEN: Final = _weighted("Páo,Dế,Sử,Chu,Tủa,Lử,Vảng,Dơ,Chứ,Thái,Nam:1.5,Minh:1.5,Hùng,Tuấn,Dũng,Cường,Mạnh")
MONG_WOMEN: Final = _weighted("Mỷ,Dợ,Sua,Dở,Chư,Pà,Máy,Xay,Mai:1.5,Hoa:1.5,Linh:1.5,Trang,Lan,Ly,Ngân")

FAMILIES: Final[dict[str, Weighted[str]]] = {
    "06": _weighted("Trần:2,Lâm:2,Lý:2,Châu,Quách,Huỳnh,Mã,Phùng,Tăng,Trịnh,Diệp,Lương,Vương"),
    "13": _weighted("Lý:2,La:2,Hoàng:2,Trần:2,Nịnh,Sầm,Lục,Tống"),
    "14": _weighted("Thiên,Đàng,Lâm,Phú,Trượng,Thập,Quảng,Báo,Kiều,Hán,Lưu,Bá,Đổng,La,Mang"),
    "17": _weighted("Lục:2,Lâm,Trương:2,Lưu,Dương,Ninh,Diệp,Tạ,Đặng,Từ"),
    "18": _weighted("Đinh:5,Phạm:2"),
    "19": _weighted("Cao:3,Mấu:2,Bo_Bo:1.5,Chamaléa:2,Pi_Năng:2,Katơr:2,Pupur,Tro"),
    "20": _weighted("Bkrông:2,Ndu,Rcăm,Knul,Ênuôl,Liêng,Ông,Triết"),
    "21": _weighted("Lê,Trương,Nguyễn,Bùi,Quang,Đinh"),
    "23": _weighted("Lò:2,Moong:2,Cụt,Lữ,Quàng:2,Ốc,Xeo"),
    "25": _weighted("A_Lăng:3,Bhling,Zơ_Râm:2,Pơ_Loong:2,Arất,Bríu,Coor"),
    "26": _weighted("Vàng:2,Lù:2,Hoàng,Lý,Nông,Lục"),
    "27": _weighted("Hồ:4,A_Viết,Lê,Quỳnh"),
    "31": _weighted("Đào,Văn,Thổ,Lý,Điểu,Nguyễn"),
    "33": _weighted("Lý:2,Chu,Sừng,Phùng,Pờ:2,Vàng,Khoàng"),
    "34": _weighted("Touneh:2,Ma,Jơ_Lơng,Kơ_Să,Ya"),
    "36": _weighted("Vàng:2,Lùng:2,Tận,Long,Xin"),
}
UPLAND_FAMILIES: Final = _weighted("Lò:3,Vàng:3,Lý:2,Phùng,Hoàng:2,Lường,Chẻo,Tao,Cà")
