"""Cuts Noto Sans CJK SC (OFL) down to what a shop writes: GB 2312, Latin, rarer names.

Run by hand when the character set changes: `apt-get install fonts-noto-cjk`, and fonttools with
brotli in an environment of its own; then `python staff_app/assets/make_fonts.py`.
"""

import subprocess
import tempfile
from pathlib import Path

SOURCE = "/usr/share/fonts/opentype/noto/NotoSansCJK-{weight}.ttc"
SIMPLIFIED = "2"  # the index of the SC face within the collection
TARGET = Path(__file__).parent / "assets" / "fonts"
RANGES = (
    (0x20, 0x7F),  # ASCII
    (0xA0, 0x180),  # Latin-1 and Latin Extended-A
    (0x2000, 0x2070),  # punctuation
    (0x20A0, 0x20C0),  # currencies
    (0x2190, 0x2200),  # arrows
    (0x3000, 0x3040),  # CJK punctuation
    (0xFF00, 0xFFF0),  # full-width forms
)
SINGLE = "™℃№①②③④⑤●○★☆✓✕×−"
# Characters of given names and surnames that GB 2312 does not have.
NAMES = (
    "喆堃昇珺玥赟翀珮媞瑄琤璟璐瑀琹玟玹珅珣珩珽琇琎琬琯瑧瑨瑭璁璇璘璠璩瓘淏淼湉湜溦滢漪潞潽澍澔濛灏"
    "焯焜煊煜熠燊燚爔畇皛皞晗晞晟晳暄暐暤曈昉昀昃昱昶曦朓橦梽柃栩桢棽楸榕槿樾檬欷欤歆毓彧彣"
    "劼勍勖勰卲叡哿喦啟囍堉塬垚墺奡妍妤妧姝姞姮娅娉娓娜娴婕婧婳媖媛嫄嫕嫣嬅嬿孖孛宓宥宸寔屾岚峣崧嵘嵩"
    "嶷帏幪庠廑弢彀徜忻怡恺悫悱惇惔愔愫慜懋懿扆抃挹揆揄撝攸敔敩斐斓旸旻旼昕昳晅晔晖暎朎杓杲枘枞柚"
    "柷栐栴桄桉桠桤梓梣棪棹椤椸楀楗楙榀榑槊槚橐櫆歊殳毅氡氩汭沄沆沚沛沺泓泠泮泱泺洄洎洧洨洮洵洺浔浠"
    "浥浬浯涓涔涘涪淇淑淓淙淝淯渌渏渑渼湄湑湲湴溁溆溍溠溱滃滏滟潆潇潋潍潓潾澂澌澧澹濂濉濋瀛瀚瀞灃灵"
    "炘炜炟炫炯烔烜烨焌焓焘焱煐煦煳熙熳燏燔爚牂牁牧犍猷獬玎玏玑玕玘玙玚玠玢玦玧玫玭玮玶珀珂珈珉珏珐"
    "珑珒珙珞珥珧珰珲珵珷珹珺琀琁琄琅琊琍琏琚琛琟琢琥琦琨琪琭琮琰琲琳琴琵琶琸瑁瑂瑅瑆瑈瑊瑋瑑瑔瑕瑗瑛"
    "瑜瑞瑟瑢瑫瑮瑰瑱瑳瑶瑷瑺瑾璀璃璅璆璈璋璎璐璕璜璞璟璡璥璨璪璮璱璲璵璹璺璿瓀瓅瓊瓒畀畯畹疍矞矻砉砺磬"
    "祎祐祗祚祜祯祺禔禛禧禹稷稹穆穟竑竣笪笙筠筱箐箬簃籽糇絜絪綝綦緹縠縡繄罃羑羲翊翎翙翚翛翟翮翯翾耑"
    "聿胤胥脩臧舢舸艽芃芊芏芑芗芙芝芠芩芮芯芷芸芾苋苑苒苓苕苗苣苻茀茁茆茉茌茏茗茚茛茜茨茯茱茳茵茹荃荇"
    "荏荑荛荞荟荠荦荪荻莀莆莉莎莒莘莙莛莜莞莠莳莹莺菀菁菂菅菖菘菡菲萏萁萃萌萍萦萱萸葆葭葳蒉蒨蒴蓁蓂蓉"
    "蓓蓥蔓蔚蔺蕙蕤蕴薇薏藜藿蘅蘧蘩虓虔虢蚺蛟蜓蝣螣衎衍衎衿袆袗裔裕裴裾褀褆褚觐觞訚訢訸詝詠詹誉誾諟"
    "諲諴謇譞谞谡豳豸贇贠赉赑赟趯跞踽轩轫轶轸辂辇辚辰迒迓迤逄逯逶遆遐遨邃邈邕邝邠邡邬邰邳邴邵邶邺邾郁"
    "郃郄郇郐郓郕郗郜郝郢郦郧郸郾鄄鄂鄞鄢鄱鄹酆醍釆釗鈊鈞鈺鉴鉷銘銮鋆鋐鋕鍏鎏鎧鏐鏵鐄鐏钊钏钐钗钘钜钤"
    "钧钫钰钲钺铂铉铎铖铠铢铧铨铮铱铷铻铼铿锃锆锊锌锏锐锒锘锜锟锠锦锴锶锽镁镆镐镒镔镕镛镝镠镡镱镲閟闫闳"
    "闵闿阆阇阊阏阗阚阛阮陟陧隗隰隽雎雩雯雱雴霁霈霏霖霙霜霞霭霰靑靓靖韎韦韫韬韵韶頔頠頫頵顓顗顼颉颋颎颐"
    "颙飏飔飖飚馗馥馝馞駉駪騄騊騋騑騠騤騵驎驰驷驹驽骁骅骊骋骎骏骐骓骕骙骞骥骦骧髙髡鬯魁魏鮀鱟鲔鲲鲸鳐鳯"
    "鴻鵾鶄鶱鷟鸂鸢鸣鸰鸶鸾鹄鹇鹍鹏鹓鹔鹖鹜鹝鹞鹢鹤鹭鹮鹳麂麒麓麟麴黎黛黟黼鼐鼒鼗龑龔龢龘"
)


def characters() -> set[int]:
    """The code points the fonts have to draw."""
    wanted = {point for first, end in RANGES for point in range(first, end)}
    wanted |= {ord(character) for character in SINGLE + NAMES}
    for high in range(0xA1, 0xF8):
        for low in range(0xA1, 0xFF):
            try:
                wanted.add(ord(bytes((high, low)).decode("gb2312")))
            except UnicodeDecodeError:
                continue  # an empty cell of the standard
    return wanted


def cut(weight: str, listed: Path) -> Path:
    """One weight as WOFF2."""
    made = TARGET / f"NotoSansSC-{weight}.woff2"
    subprocess.run(
        [
            "pyftsubset",
            SOURCE.format(weight=weight),
            f"--font-number={SIMPLIFIED}",
            f"--unicodes-file={listed}",
            "--layout-features=kern,liga,locl,ccmp,mark,mkmk,tnum",
            "--no-hinting",
            "--drop-tables+=vhea,vmtx,VORG,BASE",
            "--flavor=woff2",
            f"--output-file={made}",
        ],
        check=True,
    )
    return made


def main() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(f"U+{point:04X}" for point in sorted(characters())))
        listed.flush()
        for weight in ("Regular", "Bold"):
            made = cut(weight, Path(listed.name))
            print(made.name, made.stat().st_size)


if __name__ == "__main__":
    main()
