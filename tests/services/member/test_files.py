"""Files and signatures in custom fields, and places that need consent (N2)."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.member import (
    agreements,
    attachments,
    audit,
    definitions,
    disclosure,
    exports,
    file_audit,
    merging,
    papers,
    privacy_rules,
    profiles,
    retention,
    search,
    timeline,
)
from services.member.personal import PERSONAL
from services.member.phones import Keyring
from shared import erasure
from shared.contracts.member import (
    Consent,
    FindMembers,
    GetMembers,
    Member,
    RecordContact,
    UpdateMember,
)
from shared.contracts.member.consents import PublishNotice, RecordConsents
from shared.contracts.member.disclosure import ReadMemberRecords
from shared.contracts.member.exports import BeginExport, ReadExport
from shared.contracts.member.fields import AttachmentField, LocationField, SignatureField
from shared.contracts.member.files import (
    PIECE_BYTES,
    AddFilePiece,
    BeginFile,
    EndFile,
    KeptFile,
    ReadFile,
    ShowSignature,
)
from shared.contracts.member.identity import MergeMembers, UndoMerge
from shared.contracts.member.privacy import PublishPrivacyRule
from shared.contracts.member.retention import RetentionItem, RetentionRule
from shared.disclosure import Grant
from shared.errors import Forbidden, Refusal
from shared.ids import new_id
from shared.seal import Caller, Role
from tests.services.member.conftest import (
    AGREED,
    contents,
    events,
    open_store,
    registration,
    staff,
)
from tests.services.member.field_shop import OTHER_PHONE, field, hq, publish

NOW = datetime.now(UTC)
SEAL_KEY = "seal key of the tests"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
FORM = b"%PDF-1.7\n" + b"form " * 80_000
SIGNED: dict[str, Any] = {
    "version": 1, "language": "zh", "width": 300, "height": 120,
    "strokes": [[[10, 10], [40, 80], [90, 20]], [[120, 60], [200, 60]]],
}  # fmt: skip
PLACE = {"latitude": 31.23456, "longitude": 121.47, "accuracy_m": 12}
LOCATION = Consent(purpose="location", notice_version="2025-01", granted=True)


class Desk:
    """Somebody who uploads files for one member and puts them into fields."""

    def __init__(self, session: Session, keys: Keyring, caller: Caller) -> None:
        self.session, self.keys, self.caller = session, keys, caller

    def upload(
        self, member_id: UUID, content: bytes = PICTURE, name: str = "证件.png", **told: Any
    ) -> KeptFile:
        given = {"id": new_id(), "key": "papers", "owner_id": member_id} | told
        begin = BeginFile(member_id=member_id, name=name, **given)
        attachments.begin(self.session, self.caller, begin, NOW)
        for place, start in enumerate(range(0, len(content), PIECE_BYTES)):
            piece = content[start : start + PIECE_BYTES]
            command = AddFilePiece(id=begin.id, place=place, content=piece)
            attachments.add_piece(self.session, self.keys, self.caller, command)
        end = EndFile(id=begin.id, sha256=hashlib.sha256(content).hexdigest())
        return attachments.end(self.session, self.keys, self.caller, end)

    def fill(self, member: Member, **fields: Any) -> Member:
        wanted = GetMembers(ids=[member.id])
        (now,) = profiles.get_members(self.session, self.keys, self.caller, wanted).items
        command = UpdateMember(member_id=member.id, version=now.version, fields=fields)
        return profiles.update_member(self.session, self.keys, self.caller, command)

    def read(self, file_id: UUID, caller: Caller | None = None, **told: Any) -> bytes:
        whole, place, pieces = b"", 0, 1
        while place < pieces:
            command = ReadFile(id=file_id, place=place, **told)
            who = caller or self.caller
            found = papers.read(self.session, self.keys, SEAL_KEY, who, command, NOW)
            whole, place, pieces = whole + found.content, place + 1, found.pieces
        return whole

    def code(self, call: Callable[[], Any]) -> str:
        """The refusal of something that changes nothing."""
        before = [*contents(self.session), self.files()]
        with pytest.raises(Refusal) as refused:
            call()
        assert [*contents(self.session), self.files()] == before
        return refused.value.code

    def files(self) -> list[Any]:
        wanted = text("SELECT id, size_bytes, pieces, loose_at FROM field_files ORDER BY id")
        return list(self.session.execute(wanted).all())

    def sound(self) -> None:
        for name, check in audit.CHECKS.items():
            if "file" in name:
                assert self.session.execute(text(check)).all() == [], name


@pytest.fixture
def desk(session: Session, keys: Keyring, associate: Caller) -> Desk:
    publish(session, field("papers", AttachmentField(max_bytes=600_000, max_items=2)))
    return Desk(session, keys, associate)


def values_of(member: Member) -> dict[str, Any]:
    return {each.key: each.value for each in member.fields}


def test_files_are_whole_encrypted_and_told_by_what_they_are(
    desk: Desk, register: Callable[..., Member]
) -> None:
    member = register()
    form = desk.upload(member.id, FORM, "同意书.pdf")
    shown = values_of(desk.fill(member, papers=[str(form.id)]))["papers"]

    assert shown == [
        {"id": str(form.id), "name": "同意书.pdf", "media_type": "application/pdf",
         "size_bytes": len(FORM), "sha256": hashlib.sha256(FORM).hexdigest()}
    ]  # fmt: skip
    assert desk.read(form.id) == FORM
    kept = desk.session.scalars(text("SELECT content FROM field_file_pieces ORDER BY place")).all()
    assert len(kept) == 2
    assert not any(b"form form" in piece for piece in kept)
    assert len(events(desk.session, "member.file_downloaded")) == 1
    assert values_of(desk.fill(member, papers=shown))["papers"] == shown
    desk.sound()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg onload=alert(1)>", "FILE_KIND"),
        (b"<!doctype html><script>", "FILE_KIND"),
        (b"RIFF0000WAVEfmt ", "FILE_KIND"),
        (b"\xff\xd8\xff" + b"0" * 700_000, "FILE_TOO_LARGE"),
        (b"", "FILE_BROKEN"),
    ],
)
def test_what_a_file_is_its_first_bytes_say(
    desk: Desk, register: Callable[..., Member], content: bytes, code: str
) -> None:
    member = register()

    with pytest.raises(Refusal, match=code):
        desk.upload(member.id, content, "photo.png")

    id_ = desk.files()[0].id
    assert desk.code(lambda: desk.read(id_)) == "UNKNOWN_FILE"
    assert desk.code(lambda: desk.fill(member, papers=[str(id_)])) == "FIELD_INVALID"


def test_pieces_come_in_order_once_and_as_they_were_sent(
    desk: Desk, register: Callable[..., Member]
) -> None:
    member, id_ = register(), new_id()
    begin = BeginFile(
        id=id_, key="papers", member_id=member.id, owner_id=member.id, name="a.png"
    )  # fmt: skip
    attachments.begin(desk.session, desk.caller, begin, NOW)

    def add(place: int, content: bytes) -> Any:
        command = AddFilePiece(id=id_, place=place, content=content)
        return attachments.add_piece(desk.session, desk.keys, desk.caller, command)

    add(0, PICTURE)
    add(0, PICTURE)
    assert desk.code(lambda: add(0, PICTURE + b"x")) == "FILE_BROKEN"
    assert desk.code(lambda: add(2, PICTURE)) == "FILE_BROKEN"
    wrong = EndFile(id=id_, sha256="0" * 64)
    assert desk.code(lambda: attachments.end(desk.session, desk.keys, desk.caller, wrong)) == (
        "FILE_BROKEN"
    )
    attachments.begin(desk.session, desk.caller, begin, NOW)
    assert desk.files()[0][1:3] == (0, 0)
    other = staff(Role.ASSOCIATE, new_id())
    theirs = AddFilePiece(id=id_, place=0, content=PICTURE)
    assert (
        desk.code(lambda: attachments.add_piece(desk.session, desk.keys, other, theirs))
        == "UNKNOWN_FILE"
    )
    assert desk.code(lambda: attachments.begin(desk.session, other, begin, NOW)) == "FILE_ID_TAKEN"


def test_a_whole_file_is_never_changed(desk: Desk, register: Callable[..., Member]) -> None:
    file = desk.upload(register().id)
    for change in (
        "UPDATE field_files SET name = 'other'",
        "UPDATE field_file_pieces SET content = 'other'",
    ):
        with pytest.raises(IntegrityError), desk.session.begin_nested():
            desk.session.execute(text(change))
    assert desk.read(file.id) == PICTURE


def test_a_value_refers_to_whole_files_of_its_own_member_and_field(
    desk: Desk, register: Callable[..., Member]
) -> None:
    publish(desk.session, field("others", AttachmentField()))
    member = register()
    elsewhere = desk.upload(register(phone=OTHER_PHONE).id)
    of_another_field = desk.upload(member.id, key="others")
    mine = [str(desk.upload(member.id).id) for _ in range(3)]

    wrong: list[Any] = [
        str(elsewhere.id), str(of_another_field.id), str(new_id()), "no id", 7, {"name": "x"},
    ]  # fmt: skip
    for each in wrong:
        assert desk.code(lambda each=each: desk.fill(member, papers=[each])) == "FIELD_INVALID"
    assert desk.code(lambda: desk.fill(member, papers=mine)) == "FIELD_INVALID"
    assert desk.code(lambda: desk.fill(member, papers=[mine[0], mine[0]])) == "FIELD_INVALID"
    assert desk.code(lambda: desk.fill(member, papers="x")) == "FIELD_INVALID"
    assert len(values_of(desk.fill(member, papers=mine[:2]))["papers"]) == 2


def test_who_may_upload_and_take_a_file(
    desk: Desk, register: Callable[..., Member], manager: Caller
) -> None:
    bosses = [Role.STORE_MANAGER]
    secret = field("secret", AttachmentField(), seen_by=bosses, edited_by=bosses)
    publish(desk.session, secret)
    member = register()
    with pytest.raises(Forbidden, match="FIELD_FORBIDDEN"):
        desk.upload(member.id, key="secret")
    assert desk.code(lambda: desk.upload(member.id, key="nothing")) == "UNKNOWN_FIELD"
    boss = Desk(desk.session, desk.keys, manager)
    file = boss.upload(member.id, key="secret")
    boss.fill(member, secret=[str(file.id)])

    assert desk.code(lambda: desk.read(file.id)) == "UNKNOWN_FILE"
    assert boss.read(file.id) == PICTURE
    loose = boss.upload(member.id, key="secret")
    assert boss.read(loose.id) == PICTURE
    other_boss = staff(Role.STORE_MANAGER, new_id())
    assert desk.code(lambda: desk.read(loose.id, other_boss)) == "UNKNOWN_FILE"


def test_what_is_replaced_or_never_saved_goes_after_a_week(
    desk: Desk, register: Callable[..., Member]
) -> None:
    member = register()
    old, new, forgotten = (desk.upload(member.id) for _ in range(3))
    desk.fill(member, papers=[str(old.id)])
    desk.fill(member, papers=[str(new.id)])
    assert desk.code(lambda: desk.read(old.id)) == "UNKNOWN_FILE"

    attachments.sweep(desk.session, NOW + timedelta(days=6))
    assert {row.id for row in desk.files()} == {old.id, new.id, forgotten.id}
    attachments.sweep(desk.session, NOW + timedelta(days=8))
    assert {row.id for row in desk.files()} == {new.id}
    desk.sound()


def test_the_audit_sees_what_is_wrong(desk: Desk, register: Callable[..., Member]) -> None:
    member = register()
    one, other = desk.upload(member.id), desk.upload(member.id)
    desk.fill(member, papers=[str(one.id), str(other.id)])
    desk.sound()

    desk.session.execute(text("DELETE FROM field_file_pieces"))
    desk.session.execute(text("DELETE FROM field_files WHERE id = :id"), {"id": one.id})
    gone = text("UPDATE members SET fields = jsonb_set(fields, '{papers,value}',"
                " (fields #> '{papers,value}') - 1)")  # fmt: skip
    desk.session.execute(gone)

    wrong = [name for name, check in file_audit.CHECKS.items()
             if desk.session.execute(text(check)).all()]  # fmt: skip
    assert wrong == list(file_audit.CHECKS)


def test_nobody_fills_the_database_with_what_is_not_saved(
    desk: Desk, register: Callable[..., Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "LOOSE_LIMIT", 2)
    member = register()
    first, _ = desk.upload(member.id), desk.upload(member.id)
    assert desk.code(lambda: desk.upload(member.id)) == "TOO_MANY_FILES"
    desk.fill(member, papers=[str(first.id)])
    desk.upload(member.id)


def test_a_member_is_registered_with_files(desk: Desk, store_id: UUID) -> None:
    asked = field("papers", AttachmentField(max_bytes=600_000), required=True)
    publish(desk.session, asked, version=1)
    id_ = new_id()
    file = desk.upload(id_)
    command = registration(store_id, member_id=id_, fields={"papers": [str(file.id)]})

    made = profiles.register(desk.session, desk.keys, desk.caller, command)

    assert profiles.register(desk.session, desk.keys, desk.caller, command) == made
    desk.sound()


def test_a_merge_shows_the_file_and_its_undo_gives_it_back(
    desk: Desk, register: Callable[..., Member], manager: Caller
) -> None:
    first, second = register(), register(phone=OTHER_PHONE)
    file = desk.upload(second.id)
    desk.fill(second, papers=[str(file.id)])
    command = MergeMembers(id=new_id(), member_id=first.id, other_id=second.id, reason="同一人")
    merge = merging.merge(desk.session, desk.keys, manager, command)
    assert desk.read(file.id) == PICTURE
    other = desk.upload(second.id, PICTURE + b"!")
    survivor = desk.fill(first, papers=[str(other.id)])
    assert values_of(survivor)["papers"][0]["id"] == str(other.id)
    desk.sound()

    undo = UndoMerge(merge_id=merge.id, reason="不是同一人")
    merging.undo(desk.session, desk.keys, manager, undo)

    assert (desk.read(file.id), desk.read(other.id)) == (PICTURE, PICTURE + b"!")
    attachments.sweep(desk.session, NOW + timedelta(days=30))
    assert len(desk.files()) == 2
    desk.sound()


def test_files_of_notes_follow_the_store_and_go_with_them(
    desk: Desk, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(desk.session, field("scan", AttachmentField(), subject="contact"))
    member, note = register(), new_id()
    file = desk.upload(member.id, key="scan", subject="contact", owner_id=note)
    timeline.record_contact(
        desk.session, desk.keys, desk.caller,
        RecordContact(id=note, member_id=member.id, store_id=store_id, kind="visit",
                      fields={"scan": [str(file.id)]}),
    )  # fmt: skip
    assert desk.read(file.id) == PICTURE
    elsewhere = staff(Role.ASSOCIATE, open_store(desk.session))
    assert desk.code(lambda: desk.read(file.id, elsewhere)) == "UNKNOWN_FILE"
    desk.sound()

    _retain(desk.session, "notes")

    assert desk.files() == []
    desk.sound()


def test_retention_takes_files_with_their_value(
    desk: Desk, register: Callable[..., Member]
) -> None:
    member = register()
    desk.fill(member, papers=[str(desk.upload(member.id).id)])

    _retain(desk.session, "fields.papers")

    assert desk.files() == []
    desk.sound()


def _retain(session: Session, subject: str) -> None:
    later = NOW + timedelta(days=400)
    item = RetentionItem(subject=subject, months=12, after="creation")
    command = PublishPrivacyRule(id=new_id(), body=RetentionRule(items=[item]))
    privacy_rules.publish(session, hq(), command, NOW)
    for _ in range(3):
        retention.step(session, later)


def test_erasure_leaves_nothing(desk: Desk, register: Callable[..., Member]) -> None:
    member = register()
    file = desk.upload(member.id)
    desk.fill(member, papers=[str(file.id)])
    desk.upload(member.id)

    desk.session.execute(text("UPDATE members SET erased_at = now()"))
    done = erasure.destroy(desk.session, PERSONAL, [member.id], new_id())

    assert {each.table: each.rows for each in done}["field_files"] == 2
    assert desk.session.execute(text("SELECT FROM field_file_pieces")).all() == []


def test_a_person_gets_their_files_under_the_grant(
    desk: Desk, register: Callable[..., Member], manager: Caller
) -> None:
    member, other = register(), register(phone=OTHER_PHONE)
    file = desk.upload(member.id, FORM, "同意书.pdf")
    desk.fill(member, papers=[str(file.id)])

    def grant(*ids: UUID) -> str:
        made = Grant(disclosure_id=new_id(), member_ids=list(ids), caller_id=manager.id,
                     until=int(NOW.timestamp()) + 60)  # fmt: skip
        return made.sealed(SEAL_KEY)

    assert desk.read(file.id, manager, grant=grant(member.id)) == FORM
    assert desk.code(lambda: desk.read(file.id, manager, grant=grant(other.id))) == "UNKNOWN_FILE"
    assert events(desk.session, "member.file_downloaded") == []
    rows, after = [], None
    while True:
        asked = ReadMemberRecords(grant=grant(member.id), after=after)
        page = disclosure.read(desk.session, desk.keys, SEAL_KEY, manager, asked, NOW)
        rows += [row | {"table": page.table} for row in page.rows]
        after = page.next
        if after is None:
            break
    (told,) = [row for row in rows if row["table"] == "field_files"]
    assert (told["name"], told["pieces"]) == ("同意书.pdf", 2)


def test_members_are_found_by_having_a_file_and_exported_with_its_name(
    desk: Desk, register: Callable[..., Member], manager: Caller
) -> None:
    member = register()
    register(phone=OTHER_PHONE)
    desk.fill(member, papers=[str(desk.upload(member.id).id)])

    def found(**asked: Any) -> list[UUID]:
        command = FindMembers(has_file="papers", **asked)
        some = search.find(desk.session, desk.keys, desk.caller, command)
        return [each.id for each in some.items]

    definitions.forget()
    assert found() == found(query="1234") == [member.id]
    assert found(query=OTHER_PHONE) == []
    stranger = FindMembers(has_file="nothing")
    assert (
        desk.code(lambda: search.find(desk.session, desk.keys, desk.caller, stranger))
        == "UNKNOWN_FIELD"
    )
    export = BeginExport(id=new_id(), columns=["name", "fields.papers"])
    exports.begin(desk.session, manager, export)
    taken = exports.read(desk.session, desk.keys, manager, ReadExport(export_id=export.id))
    assert sorted(row[1] for row in taken.rows) == ["", "1: 证件.png"]


def test_a_signature_proves_what_was_signed_when_by_whose_hand_and_where(
    desk: Desk, register: Callable[..., Member], manager: Caller
) -> None:
    words = SignatureField(text_zh="我同意染发前做皮试", text_en="I agree to a patch test")
    publish(desk.session, field("consent", words))
    member = register()

    outline = values_of(desk.fill(member, consent=SIGNED))["consent"]

    assert outline["staff_id"] == str(desk.caller.id)
    assert outline["language"] == "zh"
    assert "strokes" not in outline
    assert values_of(desk.fill(member, consent=outline))["consent"] == outline
    new_words = SignatureField(text_zh="新的文字", text_en="New words")
    publish(desk.session, field("consent", new_words), version=1)
    proof = papers.show(
        desk.session, desk.keys, manager, ShowSignature(member_id=member.id, key="consent")
    )
    assert (proof.version, proof.text) == (1, "我同意染发前做皮试")
    assert proof.strokes == SIGNED["strokes"]
    assert len(events(desk.session, "member.signature_shown")) == 1
    kept = desk.session.scalar(text("SELECT CAST(fields AS text) FROM members"))
    assert "strokes" not in str(kept)
    assert desk.code(lambda: desk.fill(member, consent=SIGNED)) == "FIELD_INVALID"
    assert values_of(desk.fill(member, consent=SIGNED | {"version": 2}))["consent"] != outline


@pytest.mark.parametrize(
    "change",
    [
        {"strokes": []},
        {"strokes": [[[1, 1]]]},
        {"strokes": [[[1, 1], [2, 2], [3, 3], [301, 4]]]},
        {"strokes": [[[1, 1, 1]] * 5]},
        {"strokes": [[[n % 300, 5] for n in range(1_001)]]},
        {"version": 2},
        {"language": "fr"},
        {"notice_version": "2025-01"},
        {"signed_at": "2020-01-01"},
    ],
)
def test_what_is_no_signature_is_refused(
    desk: Desk, register: Callable[..., Member], change: dict[str, Any]
) -> None:
    publish(desk.session, field("consent", SignatureField(text_zh="文字", text_en="Words")))
    member = register()

    assert desk.code(lambda: desk.fill(member, consent=SIGNED | change)) == "FIELD_INVALID"
    shown = ShowSignature(member_id=member.id, key="consent")
    assert (
        desk.code(lambda: papers.show(desk.session, desk.keys, desk.caller, shown))
        == "UNKNOWN_SIGNATURE"
    )


def test_a_notice_is_signed_in_the_version_in_force(
    desk: Desk, register: Callable[..., Member]
) -> None:
    from services.member import notices

    publish(desk.session, field("consent", SignatureField(notice="location")))
    member = register()
    signed = SIGNED | {"notice_version": "v1", "language": "en"}
    assert desk.code(lambda: desk.fill(member, consent=signed)) == "FIELD_INVALID"
    command = PublishNotice(
        id=new_id(), purpose="location", version="v1", text_zh="位置须知", text_en="Locations"
    )
    notices.publish(desk.session, hq(), command, NOW)

    desk.fill(member, consent=signed)

    shown = ShowSignature(member_id=member.id, key="consent")
    proof = papers.show(desk.session, desk.keys, desk.caller, shown)
    assert (proof.notice_version, proof.text) == ("v1", "Locations")


def test_a_place_needs_consent_is_coarse_and_goes_with_it(
    desk: Desk, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(desk.session, field("home", LocationField(digits=2)))
    member = register()
    assert desk.code(lambda: desk.fill(member, home=PLACE)) == "LOCATION_CONSENT_MISSING"

    def say(granted: bool) -> None:
        consent = Consent(purpose="location", notice_version="2025-01", granted=granted)
        command = RecordConsents(
            id=new_id(), member_id=member.id, store_id=store_id, consents=[consent]
        )
        agreements.record(desk.session, desk.caller, command)

    say(True)
    kept = values_of(desk.fill(member, home=PLACE))["home"]
    assert kept == {"latitude": 31.23, "longitude": 121.47, "accuracy_m": 556}
    say(False)
    (after,) = profiles.get_members(
        desk.session, desk.keys, desk.caller, GetMembers(ids=[member.id])
    ).items
    assert values_of(after) == {}
    assert desk.code(lambda: desk.fill(member, home=PLACE)) == "LOCATION_CONSENT_MISSING"
    with_it = register(phone=OTHER_PHONE, consents=[AGREED, LOCATION], fields={"home": PLACE})
    assert values_of(with_it)["home"]["latitude"] == 31.23


def test_places_go_out_of_notes_and_their_words_stay(
    desk: Desk, register: Callable[..., Member], store_id: UUID
) -> None:
    publish(desk.session, field("met_at", LocationField(digits=2), subject="contact"))
    publish(desk.session, field("about", subject="contact"))
    members = [
        register(phone=phone, consents=[AGREED, LOCATION])
        for phone in ("13900000001", "13900000002")
    ]
    for member in members:
        timeline.record_contact(
            desk.session, desk.keys, desk.caller,
            RecordContact(id=new_id(), member_id=member.id, store_id=store_id, kind="visit",
                          text="试穿", fields={"met_at": PLACE, "about": "大衣"}),
        )  # fmt: skip
    gone = Consent(purpose="location", notice_version="2025-01", granted=False)

    agreements.record(
        desk.session, desk.caller,
        RecordConsents(
            id=new_id(), member_id=members[0].id, store_id=store_id, consents=[gone]
        ),
    )  # fmt: skip

    kept = desk.session.execute(
        text("SELECT member_id, text, fields FROM happenings WHERE text IS NOT NULL")
    ).all()
    assert {row.member_id: (row.text, set(row.fields)) for row in kept} == {
        members[0].id: ("试穿", {"about"}),
        members[1].id: ("试穿", {"about", "met_at"}),
    }
    desk.sound()
