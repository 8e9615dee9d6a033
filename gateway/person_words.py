"""The words of a person's data in Chinese, by column and by code; English is the name itself.

A column that is told without a word here fails a test; a code without one is shown as it is.
"""

_COLUMNS = """
accepted 店长已确认 accepted_at 确认时间 accepted_by 确认人 ahead_seconds 设备时钟快几秒
claimed_at 设备记录的时间 clamped 时间经修正 command 原始内容 contact_at 上次联网时间
differences 与系统不符之处 receipt 离线小票号 received_at 收到时间 refused_at 被拒时间
accepting_store_id 受理门店 account 账户 account_id 账户编号 added_at 添加时间 after 起算
amount 数额 amount_minor 金额 answer 结果 approved 是否同意 associate_id 专属导购 at 时间
at_most 最多 author_id 发放人 balance 余额 balance_after 变动后余额 balances 余额
barred_until 此前不享礼遇 begun_at 开始时间 begun_by 经办人 birthday 生日
bonus_after_minor 之后的赠送金 bonus_minor 赠送金 booked_at 入账时间 born 出生日期
business_date 营业日 by 经办人 calendar 历法 caller_id 操作人 caller_kind 操作人类别
cancel_reason 取消原因 cancelled_at 取消时间 cancelled_by 取消人 cap_per_member 每人限用
cap_total 限用总数 card_code 会员卡号 carried_minor 换货抵用 category 品类 cause 起因
change_minor 找零 channel 渠道 city 城市 closed_at 关闭时间 code 券码 colour 颜色 condition 状况
confirmable_from 可确认时间 confirmed_at 确认时间 confirmed_by 确认人 content 内容
coupon_code 券码 coupon_promotion_id 礼遇券活动 created_at 建立时间 currency 币种 day 日
decided_at 复核时间 decided_by 复核人 detail 说明 device_id 设备 discount_minor 优惠
document_id 单据 earn_version 积分规则版本 earned_on 获得日期 earned_tier 消费所得等级
ended_at 结束时间 ends_at 结束时间 exactly 只按此等级 exchange_order_id 换货订单
expires_at 失效时间 expiry_due 下次到期检查 expiry_version 到期规则版本 facts 依据
fields 自定义字段 figures 数据 first_on 首次购买 franchisee_id 加盟商 frozen 是否冻结 gender 性别
given 是否给予 given_minor 收到 grace_tier 保级等级 grace_until 保级至 granted 是否同意
guardian_consent 监护人同意 handed_over_at 交付时间 handed_over_by 交付人 height_cm 身高（厘米）
held 已预留 home_store_id 所属门店 id 编号 issued_at 发放时间 issuing_store_id 发放门店
item_id 兑换品 item_version 兑换品版本 kind 类别 ladder_version 等级规则版本 lapses_at 逾期时间
last_at 最近购买时间 last_on 最近购买 last_store_id 最近购买门店 leap_month 闰月
legal_entity 法人主体 line 行 linked_at 绑定时间 linked_by 绑定人 list_minor 标价合计
lot_id 积分批次 member_id 会员编号 merged_at 合并时间 merged_by 合并人 month 月 name 名称
near_tier 接近的等级 net_minor 实付 next_on 下次生日 note 备注 notice_version 须知版本 number 序号
order_id 订单 orders 订单数 paid 已付 phone 手机号 pieces 件数 placed_at 成交时间 points 积分
points_after 之后的积分 points_bonuses 积分加成 points_earned 获得积分 points_expected 预计积分
points_minor 积分抵扣 points_spent 使用积分 points_taken 扣回积分 points_told 申报使用积分
position 顺序 principal_after_minor 之后的本金 principal_minor 本金 privilege 礼遇 privileges 礼遇
promotion 活动 promotion_id 活动编号 promotions 活动 proof 凭证 proposed_at 申请时间
proposed_by 申请人 purpose 目的 quantity 数量 reason 原因 reasons 价格说明 receipt_number 小票号
recorded_at 记录时间 recorded_by 记录人 recorded_by_kind 记录人类别 records 条数
redeemed_at 兑换时间 redeemed_by 兑换经办人 reference 参考号 refund_minor 退款
refunded_before 此前已退 refusal 拒绝原因 registered_at 注册时间 registered_by 开卡店员
relation 关系
requested_at 申请时间 requested_by 申请人 return_id 退货单 returned 已退回 returned_at 退货时间
returned_before 此前已退件数 returned_minor 已退金额 returns 退货次数 review_on 等级复核日
rows 条数 rule_tags 规则标签 rule_version 规则版本 sent_by 发送人 set_exactly 只按设定
set_tier 人工设定等级 set_until 设定有效至 shift_id 班次 shop 店铺 since 自 size 尺码 sizes 尺码
sku_code 商品编码 sku_id 商品编号 sold 已售件数 sold_at 销售时间 source_channel 来源渠道
spend_minor 消费金额 spend_version 积分抵扣规则版本 spending_power 消费能力 spent_minor 累计消费
staff_id 店员 starts_at 开始时间 status 状态 store_id 门店 style 风格 style_id 款号
style_preferences 风格偏好 subject 内容 tag 标签 tags 标签 tax_basis_points 税率（万分之）
tax_minor 税额 text 文字 tier 等级 tier_as_of 等级计算日 total_minor 合计 type 操作
undo_reason 撤销原因 undone_at 撤销时间 undone_by 撤销人 unit 单位 unit_list_minor 单价 until 截至
valid_from 生效时间 valid_until 有效期至 value 号码 verified 已核实 version 版本
wallet_spent_minor 使用储值 wallet_told_minor 申报使用储值 wallet_version 储值规则版本 wechat 微信
whole 是否完整 withdrawn 是否撤回 year 年
act 经过 due_at 应办时间 finished_at 办结时间 outcome 办理结果 raised_at 提出时间 state 状态
task_id 待办 text_en 英文 text_zh 中文
key 字段 media_type 文件类型 size_bytes 大小（字节）
sha256 校验值 owner_id 所属资料 uploaded_by 上传人 uploaded_at 上传时间 used_at 保存时间
downloads 下载次数
"""
_CODES = """
adjusted 调整 adjustment 调整 any 全部 app 应用 asked_by_guardian 监护人要求
asked_by_member 本人要求 authority 主管机关要求 bonus 赠送金 call 电话 cancelled 已取消
card 银行卡 cash 现金 change 变更 child 子女 client 系统 code 扫码 coupon 优惠券 creation 建立
customer 顾客 damaged 破损 earned 获得 email 邮件 enquiry 咨询 erased 已注销 erasure 注销
expired 到期 expiry 到期 female 女 forfeited 作废 grandchild 孙辈 grandparent 祖辈
handed_over 更换导购 held 已预留 import 导入 joined 入会 last_contact 最近联系
last_purchase 最近消费 location 位置信息 lunar 农历 male 男 marketing 营销信息 membership 会员服务
message 消息
moved_elsewhere 转移至其他机构 note 备注 opening 期初 other 其他 other_till 其他收银机 paper 纸质
parent 父母 partner 伴侣 pay_out 储值提现 pending 处理中 phone 电话 placed 已成交 points 积分
principal 本金 purchase 购买 qr 扫码 refund 退款 released 已释放 requested 已申请 return 退货
returned 退回 rule 规则 sale 销售 screen 屏幕确认 sellable 可售 settled 已结算 sibling 兄弟姐妹
sms 短信 solar 公历 spent 使用 staff 员工 store 门店 tier 等级 time 到时 top_up 储值 transfer 转赠
visit 到店 void 作废 voided 已作废 wallet 储值 wallet_adjustment 储值调整 wechat 微信
withdrawal 撤回同意 withdrawn 已撤回
birthday 生日 by_hand 手工 done 已完成 dropped 已撤销 due_changed 改期 finished 已办结
handed_on 转交 moved 改派 near_next_tier 即将升级 not_needed 无需办理 not_reached 未联系上 open 待办
points_expiring 积分将到期 raised 提出 stock_discrepancy 库存差异 stock_low 库存不足 taken 领取
tier_lapsing 等级将失效
"""


def _pairs(words: str) -> dict[str, str]:
    each = words.split()
    return dict(zip(each[::2], each[1::2], strict=True))


COLUMNS = _pairs(_COLUMNS)
CODES = _pairs(_CODES)
CODED = frozenset(
    (
        "account", "after", "calendar", "caller_kind", "cause", "channel", "condition",
        "gender", "kind", "proof", "purpose", "reason", "recorded_by_kind", "relation",
        "source_channel", "status", "unit", "act", "outcome", "state",
    )
)  # fmt: skip
"""Columns whose texts are codes."""


def english(column: str) -> str:
    """A column's name as words: `store_id` is “Store”."""
    for end in ("_minor", "_id"):
        column = column.removesuffix(end)
    return column.replace("_", " ").capitalize()
