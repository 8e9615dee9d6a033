"""The notice in force as a plain page for the customer, without sign-in: /notice/membership.

It is what a QR at the counter leads to (PIPL 17): both languages, no script, nothing from outside.
"""

import html

from starlette.requests import Request
from starlette.responses import Response

from gateway.context import Context
from shared.contracts.member.consents import GetNoticesInForce, Notice
from shared.errors import Unavailable

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_TITLES = {
    "membership": ("会员须知", "Notice to members"),
    "location": ("位置信息须知", "Notice about locations"),
    "marketing": ("营销信息须知", "Notice about offers"),
}
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{zh} · {en}</title>
<style>body{{font:18px/1.6 system-ui,sans-serif;max-width:40em;margin:2em auto;padding:0 1em}}
p{{white-space:pre-wrap}} small{{color:#595959}}</style></head>
<body>{body}</body></html>"""


async def notice_page(request: Request, context: Context) -> Response:
    """The page of a purpose; 404 where there is none."""
    titles = _TITLES.get(request.path_params["purpose"])
    if titles is None:
        return Response("Not found", 404, media_type="text/plain")
    try:
        found = await context.call_unsealed(GetNoticesInForce())
    except Unavailable:
        return Response("Please try again", 503, media_type="text/plain")
    purpose = request.path_params["purpose"]
    notice = next((each for each in found.items if each.purpose == purpose), None)
    body = _PAGE.format(zh=titles[0], en=titles[1], body=_body(titles, notice))
    return Response(
        body,
        200 if notice else 404,
        media_type="text/html",
        headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"},
    )


def _body(titles: tuple[str, str], notice: Notice | None) -> str:
    if notice is None:
        return "<p>尚未发布须知。</p><p lang=en>No notice has been published yet.</p>"
    texts = ((titles[0], notice.text_zh, "zh-CN"), (titles[1], notice.text_en, "en"))
    parts = [
        f'<section lang="{language}"><h1>{title}</h1><p>{html.escape(text)}</p></section>'
        for title, text, language in texts
    ]
    since = notice.valid_from.strftime("%Y-%m-%d")
    version = html.escape(notice.version)
    return "".join(parts) + f"<small>版本 / Version {version} · {since}</small>"
