"""What things are called: names are put together from these at random and mean nobody."""

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程"
)
GIVEN_FEMALE = "雅婷诗涵欣怡梦琪晓雯语嫣若曦佳慧思敏静芸丽珊婉清雪莹紫萱可馨美玲秋月安妮书瑶子悦"
GIVEN_MALE = "浩宇俊杰子轩明哲志远文博建国立诚伟强嘉树天佑晨阳思源一鸣泽楷家豪景行云帆"

BRAND = ("LOOM", "云织")
HEADQUARTERS = "云织示范服饰有限公司"
REGIONS = [("EAST", "华东"), ("SOUTH", "华南"), ("NORTH", "华北")]
FRANCHISEES = [
    ("JIANGNAN", "江南加盟", "江南示范商贸有限公司"),
    ("LINGNAN", "岭南加盟", "岭南示范商贸有限公司"),
]
# Code, name, region, franchisee (None: the chain's own), how busy it is, and its city.
STORES = [
    ("S01", "上海南京西路店", "EAST", None, 1.9, "上海"),
    ("S02", "上海徐家汇店", "EAST", None, 1.5, "上海"),
    ("S03", "杭州武林店", "EAST", "JIANGNAN", 1.2, "杭州"),
    ("S04", "苏州观前街店", "EAST", "JIANGNAN", 0.9, "苏州"),
    ("S05", "南京新街口店", "EAST", None, 1.1, "南京"),
    ("S06", "广州天河店", "SOUTH", None, 1.4, "广州"),
    ("S07", "深圳万象店", "SOUTH", None, 1.3, "深圳"),
    ("S08", "佛山祖庙店", "SOUTH", "LINGNAN", 0.7, "佛山"),
    ("S09", "东莞民盈店", "SOUTH", "LINGNAN", 0.6, "东莞"),
    ("S10", "北京国贸店", "NORTH", None, 1.6, "北京"),
    ("S11", "天津和平路店", "NORTH", None, 0.8, "天津"),
    ("S12", "青岛五四广场店", "NORTH", None, 0.8, "青岛"),
]

COLOURS = [
    ("BK", "黑色"), ("WH", "米白"), ("NV", "藏青"), ("GY", "雾灰"), ("KH", "卡其"),
    ("RD", "酒红"), ("GN", "墨绿"), ("PK", "豆沙粉"), ("BL", "雾霾蓝"), ("BR", "焦糖"),
]  # fmt: skip
CLOTHES, SHOES, ONE = ("XS", "S", "M", "L", "XL"), ("35", "36", "37", "38", "39", "40"), ("均码",)
# Code, name, sizes, lowest and highest list price in yuan, how well it sells.
CATEGORIES = [
    ("DR", "连衣裙", CLOTHES, 359, 899, 1.3),
    ("SK", "半身裙", CLOTHES, 259, 499, 1.0),
    ("SH", "衬衫", CLOTHES, 199, 399, 1.2),
    ("TS", "T恤", CLOTHES, 99, 199, 1.6),
    ("KN", "针织衫", CLOTHES, 259, 599, 1.3),
    ("CO", "外套", CLOTHES, 599, 1499, 0.7),
    ("DN", "羽绒服", CLOTHES, 799, 1999, 0.5),
    ("JE", "牛仔裤", CLOTHES, 259, 459, 1.1),
    ("TR", "休闲裤", CLOTHES, 229, 429, 1.0),
    ("FO", "鞋履", SHOES, 299, 799, 0.6),
    ("BG", "包袋", ONE, 299, 999, 0.5),
    ("AC", "配饰", ONE, 59, 259, 1.0),
]
MANNERS = [
    "法式", "复古", "通勤", "极简", "宽松", "收腰", "高腰", "廓形", "羊毛", "真丝",
    "重磅", "轻薄", "立领", "圆领", "V领", "印花", "条纹", "格纹", "提花", "水洗",
]  # fmt: skip
CHANNELS = ("store", "store", "store", "mini_program", "wecom", "friend")
TAGS = ("爱穿裙装", "通勤", "新品优先", "折扣敏感", "送礼", "小个子")
