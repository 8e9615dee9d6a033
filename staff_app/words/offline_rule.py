"""Words of the chain's rule of selling without network."""

from staff_app.words.pair import Words

OFFLINE_RULE: Words = {
    "offline_rule": ("离线销售规则", "Rule of offline sales"),
    "rule_in_force": ("现行规则", "In force"),
    "rule_version": ("第 {version} 版 · {at} 起", "Version {version} since {at}"),
    "rule_built_in": ("默认（还没有发布过）", "As delivered, none published"),
    "rule_planned": (
        "第 {version} 版将于 {at} 生效。",
        "Version {version} will be in force from {at}.",
    ),
    "rule_reaches": (
        "设备下次联网时换上新规则；断网中的设备按它手上那一版。",
        "A device takes a new rule when it next has the network; until then the one it has holds.",
    ),
    "rule_allowed": ("断网时可以销售", "Sales without network"),
    "rule_roles": ("哪些岗位可以卖？", "Who may sell?"),
    "rule_all_roles": ("所有岗位", "Everybody"),
    "role_associate": ("导购", "Associates"),
    "role_store_manager": ("店长", "Store managers"),
    "role_franchise_owner": ("加盟商", "Franchisees"),
    "role_region_manager": ("区域经理", "Region managers"),
    "role_hq_operations": ("总部运营", "HQ operations"),
    "role_hq_administrator": ("总部管理员", "HQ administrators"),
    "role_auditor": ("审计", "Auditors"),
    "role_integration": ("系统接口", "Other systems"),
    "rule_stores": ("哪些门店可以卖？", "In which stores?"),
    "rule_all_stores": ("所有门店", "All stores"),
    "rule_find_store": ("找门店", "Find a store"),
    "rule_devices": (
        "只限指定的 {count} 台设备，这里不改。",
        "Only on {count:device|devices} named in the rule; that stays as it is.",
    ),
    "rule_hours": ("离线最长（小时）", "Longest, in hours"),
    "rule_sale_minor": ("单笔上限（元）", "Most for one sale"),
    "rule_total_minor": ("累计上限（元）", "Most for all of them"),
    "rule_member_days": ("存会员（天内来过）", "Members kept, days"),
    "rule_pin_days": ("免联网登录（天）", "Sign-in alone, days"),
    "rule_pin_tries": ("PIN 可输错几次", "Wrong PINs at most"),
    "rule_no_limit": ("金额不填就是不限。", "A sum that is left empty has no limit."),
    "rule_between": ("“{name}”要填 {least} 到 {most}。", '"{name}" has to be {least} to {most}.'),
    "rule_sum_wrong": (
        "“{name}”要填金额，最多两位小数。",
        '"{name}" has to be a sum, with two decimals at most.',
    ),
    "rule_publish": ("发布第 {version} 版", "Publish version {version}"),
    "rule_same": ("与现行规则相同", "Same as in force"),
    "rule_published": ("第 {version} 版已生效", "Version {version} is in force"),
    "rule_overtaken": (
        "刚刚有人发布了新的一版，已显示出来；请看过后再改。",
        "Somebody has just published a version, which is shown now. Look at it, then change it.",
    ),
    "rule_of_hq": ("离线销售规则由总部设定。", "This rule is made at headquarters."),
    "rule_before": ("历次版本", "All versions"),
    "rule_yes": ("可以卖", "allowed"),
    "rule_no": ("不可以卖", "not allowed"),
}
