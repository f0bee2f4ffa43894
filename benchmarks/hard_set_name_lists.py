"""Words that invented names are made of, with rough weights by ear; no statistics."""

from __future__ import annotations

GIRLS_GIVEN = (
    "Anh:7 Vy:5 Ngọc:4.4 Nhi:4.3 Hân:3.6 Thư:3.9 Linh:4 Như:2.8 Ngân:3 Châu:2.2 My:2.8 Trâm:2.5 Chi:2.8 "
    "Quỳnh:2.1 Trang:2.6 Hà:1.9 Mai:1.8 Yến:1.9 Trúc:1.5 An:2 Khuê:.6 Diệp:1.3 Đan:.8 Ly:1.3 Uyên:1.4 Thảo:2 "
    "Phương:2.1 Ánh:1.3 Tiên:1.4 Nghi:1.3 Khánh:.8 Vân:1.2 Hương:1.2 Lam:.7 Tâm:1 Nga:.6 Tuyền:.7 Thanh:.7 "
    "Huyền:1.3 Dung:.6 Minh:.6 Duyên:1.1 Giang:1 Băng:.3 Hoa:.5 San:.2 Khanh:.7 Nhiên:.5 Thủy:.6 Thùy:.7 "
    "Thúy:.6 Lan:.6 Oanh:.5 Hằng:.8 Dương:.6 Bích:.2 Tuệ:.4 Quyên:.8 Hiền:.9 Kim:.3 Loan:.3 Xuân:.3 Thy:.6 "
    "Hoài:.2 Đào:.2 Hạnh:.7 Thu:.5 Hồng:.4 Nhung:.7 Ngà:.1 Phượng:.4 Thương:.4 Trinh:.6 Vi:.5 Phúc:.2 Ân:.4 "
    "Mỹ:.3 Thơ:.4 Sương:.2 Liên:.3 Nguyệt:.3 Tú:.4 Hòa:.2 Cúc:.1 Diễm:.3 Đoan:.1 Hảo:.1 Khuyên:.1 Mơ:.1 "
    "Nương:.1 Sa:.1 Sen:.1 Thoa:.2 Thảnh:.05 Ái:.1 Ý:.2 Lệ:.1 Miên:.1"
)
BOYS_GIVEN = (
    "Minh:4.4 Huy:4.2 Khang:3.7 Bảo:3.4 Khôi:3 Phúc:3.4 Anh:3.6 Khoa:2.8 Phát:2.5 Đạt:2.7 Nam:2.9 Long:2.8 "
    "Quân:2.7 Kiệt:2.3 Thịnh:2.1 Hưng:2.2 Duy:2 Nguyên:2 Tuấn:1.7 Dũng:1.6 Đức:1.9 Hiếu:1.8 Phong:2.1 "
    "Quang:1.7 An:1.8 Tài:1.3 Nghĩa:1.2 Trí:1.5 Lâm:1.6 Thiện:1.4 Toàn:1 Bách:.8 Tùng:1.2 Sơn:1.2 Việt:1 "
    "Vinh:1.1 Trung:1 Thành:1.1 Hải:1.1 Nhân:1.2 Tiến:1.1 Hoàng:1.4 Lộc:.8 Đăng:1.2 Khánh:1.1 Hào:.7 Kha:.5 "
    "Khải:.9 Vũ:.9 Luân:.4 Thuận:.6 Bình:.9 Tân:.5 Tú:.8 Hòa:.4 Khiêm:.4 Quốc:.5 Dương:1 Đông:.4 Hậu:.5 "
    "Nhật:.9 Thái:.8 Quý:.6 Sĩ:.1 Kỳ:.3 Huỳnh:.1 Cường:.9 Hùng:.8 Mạnh:.6 Thắng:.8 Thiên:.6 Ân:.5 Vĩ:.3 "
    "Chiến:.4 Công:.3 Danh:.4 Đại:.3 Điền:.2 Giang:.3 Hiển:.3 Hiệp:.5 Khương:.2 Kiên:.9 Lợi:.3 Lực:.2 Nghị:.1 "
    "Ngọc:.2 Phú:.5 Phước:.5 Quyền:.3 Tâm:.4 Thông:.3 Tín:.4 Trường:.8 Văn:.1 Vương:.3 Y:.05 Đoàn:.1 Bằng:.2 "
    "Chương:.2 Hoan:.1 Lương:.1 Ngân:.1 Pháp:.1 Thạch:.1 Triết:.2 Triều:.1 Vượng:.2"
)
GIRLS_MIDDLE = (
    "Thị:16 Ngọc:14 Bảo:6.5 Khánh:6 Minh:5.2 Phương:5.2 Gia:4 Thanh:4.2 Thảo:3.8 Quỳnh:3.6 Kim:3.3 Như:3.3 "
    "Yến:2.8 An:2.8 Thiên:2.3 Tường:1.8 Diệu:2 Hà:2.2 Ánh:1.6 Hoàng:1.5 Mai:1.7 Cẩm:1.4 Nhã:1.3 Thùy:1.7 "
    "Tuệ:1.4 Anh:1.5 Mỹ:1.4 Hồng:1.5 Xuân:1 Vân:1 Lan:.9 Bích:.8 Trúc:.9 Linh:.9 Hải:.7 Tú:.6 Thúy:.8 Thu:1.1 "
    "Phúc:.4 Huyền:.6 Uyên:.4 Đan:.4 Hạ:.3 Lê:.5 Trần:.4 Nguyễn:.3 Hoài:.5 Châu:.4 Tâm:.4 Tuyết:.4 Thủy:.3 "
    "Mộc:.1 Băng:.2 Đông:.1 Hương:.5 Ái:.3 Song:.2"
)
BOYS_MIDDLE = (
    "Gia:8.6 Minh:9 Hoàng:6.6 Bảo:5.8 Đức:5.4 Anh:5.3 Quốc:4 Nhật:3.8 Tuấn:4 Thanh:3 Duy:3.6 Quang:3.2 "
    "Thiên:3.4 Đăng:3.5 Hữu:2.7 Văn:4 Trung:2.4 Ngọc:2.1 Phúc:2.4 Thành:2.4 Khánh:1.9 Xuân:1.8 Đình:2.3 "
    "Công:1.8 Tấn:1.6 Trọng:1.5 Khôi:.9 Huy:1 Hải:1.5 Vĩnh:.7 Trí:.8 Chí:.8 Mạnh:1.1 Thế:1.1 Phú:.7 Nguyên:.9 "
    "An:.9 Tiến:.9 Bá:.6 Việt:.7 Hùng:.5 Lê:.5 Trần:.4 Nguyễn:.3 Thái:.5 Viết:.4 Kim:.3 Như:.1 Sỹ:.2 Phước:.4 "
    "Đại:.3 Tùng:.2 Nam:.3 Vũ:.3 Hồng:.3 Cao:.1 Thiện:.3"
)
HIGHLAND_BOYS = (
    "Blưt Brơi Čal Dhăm Djuê Jŭt Krông Luôn Moan Nuê Phôn Rin Suôt Thim Tlang Wên Yôn Khăm Siêng Bhem Luk Plới "
    "Kim:1.5 Nam:2 Tuấn:2 Huy:2 Khanh:1.6 Thịnh:1.6 Minh:2 Đạt:2 Nhật:1.6 Bảo:2 Khôi:1.4 Duy:1.5 Hùng:1.4 "
    "Phúc:1.5 Thiên:1 Quý:1"
)
HIGHLAND_GIRLS = (
    "Bluên Bih Hen Juê Mrao Nhŭ Rôza Sara Wơ Yar Čil Lơ Duyn Bưm Hrĭn Nguôm Pleo Blơn Mĭ Nga:2 Ngọc:2 "
    "Nhung:1.6 Trang:2 Thu:1.5 Linh:2.2 Nhi:2.2 Thảo:1.6 Yến:1.6 Hạnh:1.3 Duyên:1.5 Vy:1.7 Hương:1.5 Trâm:1 "
    "Ly:1.4 Mai:1.2 Na:.8"
)
KHMER_BOYS = (
    "Phanh Phal Rith Ry Tha Vanna:.7 Sóc Kha Chanh Huy:2 Minh:2 Toàn Vinh Duy Trí Hậu Lâm Khang:2 Bảo:2 Thái Quí Ranh"
)
KHMER_GIRLS = (
    "Ni Srây Linh:2 Như:2 Ngọc:2 Ly Trúc Hân:2 Nhi:2 Thảo Hương Mỹ Vy:2 Đào Kim Sophia:.4 Thida:.4 Lan Tiên Sa"
)
MONG_BOYS = (
    "Páo Dế Sử Chu Tủa Lử Vảng Dơ Chứ Thái Nam:1.4 Minh:1.4 Hùng Tuấn Dũng Cường Mạnh Dinh Sính Nhè Chinh Của Trư"
)
MONG_GIRLS = "Mỷ Dợ Sua Dở Chư Pà Máy Xay Mai:1.5 Hoa:1.5 Linh:1.5 Trang Lan Ly Ngân Dí Chía Nhia Sông Ca Sủng"
FAMILIES = {  # of peoples whose families are in no list of the reference
    "06": "Trần:2 Lâm:2 Lý:2 Châu Quách Huỳnh Mã Phùng Tăng Trịnh Diệp Lương Vương",
    "13": "Lý:2 La:2 Hoàng:2 Trần:2 Nịnh Sầm Lục Tống",
    "14": "Thiên Đàng Lâm Phú Trượng Thập Quảng Báo Kiều Hán Lưu Bá Đổng La Mang",
    "17": "Lục:2 Lâm Trương:2 Lưu Dương Ninh Diệp Tạ Đặng Từ",
    "18": "Đinh:5 Phạm:2",
    "19": "Cao:3 Mấu:2 Chamaléa:2 Katơr:2 Pupur Tro",
    "20": "Bkrông:2 Ndu Rcăm Knul Ênuôl Liêng Ông Triết",
    "27": "Hồ:4 Lê Quỳnh",
}
UPLAND_FAMILIES = "Lò:3 Vàng:3 Lý:2 Phùng Hoàng:2 Lường Chẻo Tao Cà Moong Cụt Lữ Quàng"
NICKNAMES = (
    "Bi Bo Bin Bông Bống Ben Chíp Cún Gấu Kem Ken Khoai Mít Moon Na Nấm Nhím Sóc Su Sữa Tèo Tít Tôm Thỏ Xoài "
    "Bơ Cà Tin Bon Mì"
)
