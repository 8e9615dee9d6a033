"""The notice in force, as the customer sees it: without sign-in, escaped, in both languages."""

from datetime import UTC, datetime

from gateway.notice import _body
from shared.contracts.member.consents import Notice
from shared.ids import new_id

NOTICE = Notice(
    id=new_id(),
    purpose="membership",
    version="2031-1",
    text_zh="我们记录您的姓名\n<script>",
    text_en="We keep your name & phone",
    valid_from=datetime(2031, 1, 2, tzinfo=UTC),
    author_id=new_id(),
    published_at=datetime(2031, 1, 1, tzinfo=UTC),
)


def test_the_notice_is_shown_whole_and_escaped() -> None:
    body = _body(("会员须知", "Notice to members"), NOTICE)

    assert "我们记录您的姓名\n&lt;script&gt;" in body
    assert "We keep your name &amp; phone" in body
    assert "2031-1 · 2031-01-02" in body


def test_a_purpose_without_a_notice_says_so() -> None:
    assert "尚未发布" in _body(("会员须知", "Notice to members"), None)
