"""What directory says when it refuses, in zh-CN and en; a part of its contract."""

from shared.contracts import Sentence

ERRORS = {
    "SETTING_LOCKED": Sentence(
        zh="此设置已由上级锁定，不能在这里修改",
        en="This setting is locked above and cannot be set here",
    ),
    "SHORT_PIN": Sentence(
        zh="PIN 至少需要 {digits} 位", en="A PIN needs at least {digits} digits here"
    ),
    "SIGN_IN_FAILED": Sentence(
        zh="工号或密码不正确，还可以再试 {attempts_left} 次",
        en="Staff number or PIN is not right; {attempts_left} attempts left",
    ),
    "LOCKED_OUT": Sentence(
        zh="多次输入错误，请在 {minutes} 分钟后再试",
        en="Too many failed attempts; try again in {minutes} minutes",
    ),
    "CLIENT_REJECTED": Sentence(zh="接口凭证无效", en="These client credentials are not valid"),
    "POLICY_CHANGED": Sentence(
        zh="登录规则已有更新的版本，请查看后再发布",
        en="There is another version of these limits; read it before you publish yours",
    ),
    "REFRESH_REJECTED": Sentence(zh="登录已过期，请重新登录", en="Your sign-in has ended"),
    "DEVICE_UNKNOWN": Sentence(
        zh="本设备尚未登记或已停用，请向店长索取激活码",
        en="This device is not registered; ask the manager for an activation code",
    ),
    "ACTIVATION_REJECTED": Sentence(
        zh="激活码无效或已使用", en="This activation code is not valid or was used"
    ),
    "CODE_TAKEN": Sentence(zh="编号“{code}”已被使用", en="Code “{code}” is taken already"),
    "ID_TAKEN": Sentence(zh="此标识已用于其他内容", en="This id was used for something else"),
    "LAST_ADMINISTRATOR": Sentence(
        zh="至少要保留一位总部管理员",
        en="One administrator of the whole chain has to remain",
    ),
    "UNKNOWN_CLIENT": Sentence(zh="没有这个接口客户端", en="There is no such API client"),
    "UNKNOWN_DEVICE": Sentence(zh="没有这台设备", en="There is no such device"),
    "UNKNOWN_PARENT": Sentence(zh="上级组织不存在", en="What it should belong to does not exist"),
    "UNKNOWN_STAFF": Sentence(zh="没有这位员工", en="There is no such member of staff"),
    "UNKNOWN_TIME_ZONE": Sentence(zh="没有“{zone}”这个时区", en="There is no time zone “{zone}”"),
    "WEAK_PIN": Sentence(zh="PIN 过于简单，请换一个", en="This PIN is too easy to guess"),
    "WRONG_PASSWORD": Sentence(
        zh="原密码不正确，还可以再试 {attempts_left} 次",
        en="The old password is not right; {attempts_left} attempts left",
    ),
    "WRONG_PIN": Sentence(
        zh="原 PIN 不正确，还可以再试 {attempts_left} 次",
        en="The old PIN is not right; {attempts_left} attempts left",
    ),
}
