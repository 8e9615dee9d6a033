"""A person's data as one HTML file that people read and programs read: after each table its rows
stand once more, as JSON.

    <script type="application/json" class="records">{"service": …, "table": …, "rows": […]}</script>
    <script type="application/json" class="end">{"records": {…}}</script>

A program takes the elements of class `records`, and the links of class `file`: their data URLs are
the files of the person (`id` is "file-" and that of the row). A page without the one of class `end`
was cut off.
In JSON amounts (`…_minor`, and sums of accounts whose unit is a currency) are in minor units, and
instants are UTC; in tables amounts are in major units. The file has no script that runs, and
fetches nothing.
"""

import html
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.person_words import CODED, CODES, COLUMNS, english
from shared import money
from shared.contracts.member.disclosure import Disclosure, DisclosurePurpose, Records

TALL = 12
"""A table with more columns is shown a row at a time, one value below the other."""
_SUMS = frozenset(("amount", "balance", "balance_after", "held"))
"""Of accounts: points, or money where the unit is a currency."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SERVICES = {
    "member": ("会员", "Member"),
    "order": ("订单", "Orders"),
    "loyalty": ("积分与储值", "Points and wallet"),
    "campaign": ("活动与优惠券", "Promotions and coupons"),
    "directory": ("操作记录", "Audit log"),
}
_HEAD = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>个人资料 · Personal data</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;margin:2em auto;padding:0 1em;max-width:80em}}
section{{overflow-x:auto}} table{{border-collapse:collapse;margin:.5em 0 1em}}
th,td{{border:1px solid #c4c4c4;padding:.2em .5em;text-align:left;vertical-align:top}}
th{{background:#f2f2f2}} small,.none{{color:#595959}} td{{white-space:pre-wrap}}</style></head>
<body><h1>个人资料 · Personal data</h1>
<p>{name} · {card} · {at}</p>
<p>本文件列出我们保存的关于您的全部资料。每张表格之后附有同样内容的 JSON，供程序读取。</p>
<p lang="en">This file holds everything we keep about you. After each table the same rows stand as
JSON, for programs to read.</p>
<p>{purpose}</p>
"""
_PURPOSES: dict[DisclosurePurpose, str] = {
    "asked_by_member": "应本人要求提取 · Taken out because you asked",
    "asked_by_guardian": "应监护人要求提取 · Taken out because your guardian asked",
    "moved_elsewhere": "为转移至其他机构提取 · Taken out to be moved elsewhere",
    "authority": "应主管机关要求提取 · Taken out for an authority",
}


def head(begun: Disclosure, purpose: DisclosurePurpose) -> bytes:
    """Whose data it is, from when and why."""
    return _HEAD.format(
        name=html.escape(begun.name),
        card=html.escape(begun.card_code),
        at=_instant(begun.begun_at),
        purpose=_PURPOSES[purpose],
    ).encode()


def chapter(service: str) -> bytes:
    zh, en = _SERVICES[service]
    return f"<h2>{zh} · {en}</h2>\n".encode()


def section(service: str, records: Records) -> bytes:
    """A page of records: as people read them, and as programs do."""
    title = f"<h3>{records.title_zh} · {records.title_en}</h3>"
    tall = len(records.columns) > TALL
    table = _tall(records) if tall else _wide(records)
    told = {"service": service, "table": records.table, "rows": records.rows}
    return f"<section>{title}\n{table}</section>\n".encode() + _json("records", told)


def file_head(row: dict[str, Any]) -> bytes:
    """What comes before the content of a file, in base64: a data URL under its name."""
    name, media_type = html.escape(row["name"]), html.escape(row["media_type"])
    return (
        f'<p><a class="file" id="file-{html.escape(row["id"])}" download="{name}"'
        f' href="data:{media_type};base64,'
    ).encode()


def file_end(row: dict[str, Any]) -> bytes:
    return f'">{html.escape(row["name"])}</a></p>\n'.encode()


def end(records: dict[str, int]) -> bytes:
    """The last of the file."""
    count = sum(records.values())
    text = f"<p><small>全部完：{count} 条 · The end: {count} records</small></p>\n"
    return text.encode() + _json("end", {"records": records}) + b"</body></html>\n"


def _json(kind: str, value: Any) -> bytes:
    # Nothing inside can end the element: in JSON `<` stands only in texts.
    body = msgspec.json.encode(value).replace(b"<", b"\\u003c")
    return b'<script type="application/json" class="%s">%s</script>\n' % (kind.encode(), body)


def _wide(records: Records) -> str:
    heads = "".join(f"<th>{_heading(column)}</th>" for column in records.columns)
    rows = (
        "".join(f"<td>{_cell(column, row)}</td>" for column in records.columns)
        for row in records.rows
    )
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _tall(records: Records) -> str:
    """One small table a row; what is empty is left out."""
    return "\n".join(
        "<table>{}</table>".format(
            "".join(
                f"<tr><th>{_heading(column)}</th><td>{_cell(column, row)}</td></tr>"
                for column in records.columns
                if row.get(column) not in (None, [], {}, "")
            )
        )
        for row in records.rows
    )


def _heading(column: str) -> str:
    return f"{COLUMNS.get(column, '')} <small>{english(column)}</small>"


def _cell(column: str, row: dict[str, Any]) -> str:
    value = row.get(column)
    is_money = column in _SUMS and row.get("unit", "points") != "points"
    return html.escape(_words(f"{column}_minor" if is_money else column, value))


def _words(column: str, value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "是 Yes" if value else "否 No"
    if isinstance(value, int) and column.endswith("_minor"):
        return money.written(value, "")
    if isinstance(value, dict):
        return _pairs(value)
    if isinstance(value, list):
        return "\n".join(_words("", each) for each in value)
    text = str(value)
    if _INSTANT.match(text):
        return _instant(datetime.fromisoformat(text))
    known = CODES.get(text) if column in CODED else None
    return f"{known} {text}" if known else text


def _pairs(value: dict[str, Any]) -> str:
    if value.keys() == {"key", "label_zh", "label_en", "value"}:
        label = f"{value['label_zh']} · {value['label_en']}"
        return f"{label}: {_words('', value['value'])}"
    return "; ".join(
        f"{COLUMNS.get(key, key)}: {_words(key, each)}"
        for key, each in value.items()
        if each is not None
    )


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
