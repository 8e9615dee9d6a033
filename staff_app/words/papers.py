"""Words of files, signatures and places."""

from staff_app.words.pair import Words

PAPERS: Words = {
    "add_file": ("添加文件", "Add a file"),
    "sending_file": ("正在上传…", "Uploading..."),
    "drop_file": ("移除 {name}", "Take {name} off"),
    "file_too_large": ("文件最大 {limit}", "A file has at most {limit}"),
    "sign": ("签名", "Sign"),
    "sign_here": ("请在上方手写签名", "Sign with a finger above"),
    "sign_again": ("重写", "Once more"),
    "accept_signature": ("确认签名", "Take the signature"),
    "not_signed": ("尚未签名", "Not signed yet"),
    "signed_now": ("已签，保存后生效", "Signed; it counts once it is saved"),
    "signed_on": ("{day} 已签", "Signed on {day}"),
    "no_words_to_sign": (
        "没有可签署的文字，请联系总部发布须知。",
        "There are no words to sign; ask HQ to publish the notice.",
    ),
    "place_here": ("使用本机位置", "Use this device's place"),
    "place_called": ("地点名称", "What the place is called"),
    "no_place_here": (
        "本机没有给出位置，请手动输入经纬度。",
        "This device does not say where it is; type the degrees.",
    ),
    "degrees_hint": (
        "请输入纬度和经度，如 31.23, 121.47",
        "Type it as 31.23, 121.47",
    ),
    "agrees_location": ("会员同意记录其位置", "The member agrees that their location is kept"),
    "purpose_location": ("记录位置", "Keeping their location"),
}
