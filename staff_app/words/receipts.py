"""Words of receipts, printers and settings."""

from staff_app.words.pair import Words

RECEIPTS: Words = {
    "print": ("打印", "Print"),
    "share": ("分享", "Share"),
    "print_again": ("补打小票", "Print again"),
    "send_again": ("补发小票", "Send again"),
    "printed": ("已送到打印机", "Sent to the printer"),
    "printed_copy": ("已打印第 {copy} 次补打件", "Printed as copy {copy}"),
    "receipt_picture": ("小票图片", "The receipt as a picture"),
    "receipt_is_copy": ("图上注明是第 {copy} 次补打件", "It says that it is copy {copy}"),
    "share_receipt": ("发给顾客", "Send to the customer"),
    "shared": ("已交给分享程序", "Handed to the app that was chosen"),
    "cannot_share": (
        "这里不能直接分享，请长按图片保存后发送。",
        "Sharing is not possible here: save the picture and send it.",
    ),
    "no_picture": ("还没有小票图片", "There is no picture of a receipt"),
    # A code by camera
    "scan_with_camera": ("拍照扫码", "Scan with the camera"),
    "no_code_seen": (
        "照片里没有看清条码，请靠近、对准再拍，或手动输入。",
        "No code can be read in the picture: hold it closer, or type it.",
    ),
    "picture_too_large": ("照片太大", "The picture is too large"),
    # Settings
    "settings": ("设置", "Settings"),
    "printer": ("小票打印机", "Receipt printer"),
    "printer_none": ("还没有设置", "None yet"),
    "printer_of_store": ("本店", "The store's"),
    "printer_of_device": ("这台设备", "This device's"),
    "printer_address": ("打印机地址（IP）", "Address of the printer (IP)"),
    "printer_paper": ("纸宽", "Paper"),
    "paper_mm58": ("58 毫米", "58 mm"),
    "paper_mm80": ("80 毫米", "80 mm"),
    "printer_letters": ("汉字", "Letters"),
    "letters_gb18030": ("自带字库", "Knows Chinese"),
    "letters_picture": ("按图片打印", "As a picture"),
    "printer_drawer": ("收现金时打开钱箱", "Open the cash drawer for cash"),
    "printer_save": ("保存打印机", "Save the printer"),
    "printer_saved": ("打印机已保存", "The printer is saved"),
    "printer_test": ("打印测试页", "Print a test page"),
    "printer_for_manager": ("打印机由店长设置。", "A manager sets the printer."),
    "about": ("关于", "About"),
    "version": ("版本", "Version"),
    # Handing over
    "hand_over_to": ("交给谁？", "To whom?"),
    "hand_over_hint": (
        "购物车和待上传的销售留在这台设备上。",
        "The basket and unsent sales stay on this device.",
    ),
}
