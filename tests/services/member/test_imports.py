"""Importing members: upload, dry run, run, what is found and what is refused (M22, K30)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from services.member import audit, import_work, imports, search
from services.member.models import ImportRun, Profile, Store
from services.member.phones import Keyring
from shared.contracts import Envelope
from shared.contracts.loyalty.openings import OpeningsBooked
from shared.contracts.member import FindMembers, Member
from shared.contracts.member.imports import CancelImport, ColumnMapping, OpeningsBroughtIn
from shared.errors import Refusal
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from tests.services.member.conftest import PHONE, contents, events, open_store
from tests.services.member.import_shop import HEADERS, MAPPING, ImportShop, row, totals

MORE_THAN_A_PIECE = imports.CHUNK_ROWS + 150


@pytest.fixture
def shop(session: Session, keys: Keyring, store_id: UUID) -> ImportShop:
    return ImportShop(session, keys, store_id)


def code_of(session: Session, store_id: UUID) -> str:
    return str(session.scalar(select(Store.code).where(Store.id == store_id)))


def test_m22_members_of_an_old_system_are_brought_in(session: Session, shop: ImportShop) -> None:
    """M22: whoever stood in the old list is found at the counter, in the right store."""
    other = open_store(session)
    rows = [row(1, code_of(session, other)), row(2)]

    done = shop.brought(rows)

    assert (done.state, done.created, done.done, done.faulty) == ("finished", 2, 2, 0)
    found = {
        each.phone_masked: each.home_store_id
        for query in ("13800000001", "13800000002")
        for each in search.find(session, shop.keys, shop.caller, FindMembers(query=query)).items
    }
    assert found == {"+86 138****0001": other, "+86 138****0002": shop.store_id}
    arrived = {each.member_id: each for each in shop.told()}
    members = session.execute(select(Profile.id, Profile.version, Profile.event_sequence)).all()
    assert {(id_, arrived[id_].version, 1) for id_ in arrived} == set(map(tuple, members))
    assert sorted(each.home_store_id for each in arrived.values()) == sorted({other, shop.store_id})
    assert events(session, "member.registered") == []
    assert [session.execute(text(check)).all() for check in audit.CHECKS.values()] == [
        [] for _ in audit.CHECKS
    ]


def test_the_columns_are_proposed_from_their_names(shop: ImportShop) -> None:
    headers = ["会员姓名", "Mobile Phone", "备注", "性别", "积分余额", "Store Code"]

    begun = shop.begin(new_id(), headers)

    proposal = {each.column: each.target for each in begun.proposal}
    assert proposal == {0: "name", 1: "phone", 3: "gender", 4: "points", 5: "home_store"}


def test_a_first_row_that_is_a_member_is_no_header(session: Session, shop: ImportShop) -> None:
    before = shop.count("imports")

    with pytest.raises(Refusal, match="IMPORT_NO_HEADER"):
        shop.begin(new_id(), ["顾客", "13812341234"])

    assert shop.count("imports") == before


def test_the_dry_run_names_every_bad_row_and_changes_nothing(
    session: Session, shop: ImportShop
) -> None:
    before = contents(session)[:2]
    rows = [
        row(1),
        row(2, phone="12345"),
        row(3, name=""),
        row(4, "NOWHERE"),
        row(5, points="-3"),
        row(1),
        row(7, points=""),
        ["公式", None, "", "", "", ""],
    ]

    checked = shop.check(shop.upload(rows))

    assert (checked.state, checked.checked, checked.faulty) == ("checked", 8, 6)
    assert shop.faults(checked.id) == [
        (3, "手机", "ROW_PHONE"),
        (4, "姓名", "ROW_EMPTY"),
        (5, "门店", "ROW_STORE"),
        (6, "积分", "ROW_NUMBER"),
        (7, "手机", "ROW_PHONE_TWICE"),
        (9, "手机", "ROW_FORMULA"),
    ]
    assert contents(session)[:2] == before


def test_faults_are_paged_and_say_what_is_wrong(session: Session, shop: ImportShop) -> None:
    import_id = shop.upload([row(1), row(2), row(1), row(2)])
    shop.check(import_id)
    asked = imports.ListFaults(import_id=import_id, first=1)

    first = imports.list_faults(session, shop.caller, asked)
    after = msgspec.structs.replace(asked, after=first.cursors[0])
    second = imports.list_faults(session, shop.caller, after)

    assert [first.has_next, second.has_next] == [True, False]
    (fault,) = second.items
    assert (fault.row, fault.message_zh) == (5, "与第 3 行的电话号码相同")
    assert fault.message_en == "Row 3 has the same phone number"


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        (MAPPING[:1], "no column holds a phone"),
        ([*MAPPING, ColumnMapping(column=9, target="city")], "there is no such column"),
        ([*MAPPING, ColumnMapping(column=0, target="city")], "one column is said to hold two"),
        ([*MAPPING[:2], ColumnMapping(column=3, target="name")], "two columns hold the same"),
        (
            [*MAPPING[:2], ColumnMapping(column=3, target="fields.none")],
            "none cannot be imported",
        ),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    shop: ImportShop, mapping: list[ColumnMapping], reason: str
) -> None:
    import_id = shop.upload([row(1)])

    with pytest.raises(Refusal, match="IMPORT_MAPPING") as refused:
        shop.check(import_id, mapping=mapping)

    assert reason in str(refused.value.parameters["reason_en"])
    assert shop.get(import_id).state == "uploaded"


def test_a_member_who_is_there_is_found_and_not_doubled(
    session: Session, shop: ImportShop, register: Callable[..., Member]
) -> None:
    member = register(phone=PHONE, name="顾客明")
    rows = [row(1, phone=PHONE, name="另一个名字", points="50")]

    done = shop.brought(rows)

    assert (done.created, done.found, done.filled) == (0, 1, 0)
    assert session.scalar(select(Profile.name).where(Profile.id == member.id)) == "顾客明"
    (envelope,) = events(session, OpeningsBroughtIn.type)
    told = msgspec.json.decode(envelope, type=Envelope[OpeningsBroughtIn]).data
    assert [(item.member_id, item.points) for item in told.items] == [(member.id, 50)]


def test_what_is_empty_is_filled_in_where_that_was_chosen(
    session: Session, shop: ImportShop, register: Callable[..., Member]
) -> None:
    member = register(phone=PHONE, city="上海")
    headers = ["姓名", "手机", "城市", "性别", "生日", "标签"]
    mapping = [
        ColumnMapping(column=column, target=target)
        for column, target in enumerate(("name", "phone", "city", "gender", "birthday", "tags"))
    ]
    import_id = shop.upload([["x", PHONE, "北京", "女", "1990年5月1日", "老客、VIP"]], headers)

    shop.check(import_id, mapping=mapping, existing="fill")
    done = shop.run(import_id)

    row_ = session.execute(select(Profile.__table__).where(Profile.id == member.id)).one()
    assert (done.filled, row_.city, row_.gender) == (1, "上海", "female")
    assert (row_.birthday, row_.tags) == (date(1990, 5, 1), ["VIP", "老客"])
    assert (row_.version, row_.event_sequence) == (3, 3)
    assert '"fields":["birthday","gender"]' in events(session, "member.updated")[0]


def test_k30_a_bad_control_total_is_refused(session: Session, shop: ImportShop) -> None:
    """K30: what is stated and what the rows add up to must agree, or nothing is imported."""
    import_id = shop.upload([row(1, points="100", principal="10.50"), row(2, points="x")])
    shop.check(import_id, control=totals(points=100))
    before = contents(session)

    with pytest.raises(Refusal, match="IMPORT_CONTROL_TOTAL") as refused:
        shop.start(import_id)

    assert refused.value.parameters["principal_found_minor"] == 1050
    assert contents(session) == before
    assert shop.get(import_id).state == "checked"


def test_k30_an_import_ends_when_the_ledger_has_its_control_total(
    session: Session, shop: ImportShop
) -> None:
    """K30: opening balances are told by ids and amounts, and what is booked stands beside."""
    import_id = shop.upload([row(1, points="100", principal="10.50", bonus="2"), row(2)])
    control = totals(100, 1050, 200)
    shop.check(import_id, control=control)

    assert shop.run(import_id).state == "running"

    (told,) = events(session, OpeningsBroughtIn.type)
    assert "1380000" not in told
    assert "会员" not in told
    booked = OpeningsBooked(
        import_id=import_id, rows=1, points=100, principal_minor=1050, bonus_minor=200
    )
    import_work.on_openings_booked(session, [enveloped(booked)])
    done = shop.get(import_id)
    assert (done.state, done.booked, done.control) == ("finished", control, control)
    assert session.execute(text(audit.CHECKS[BOOKED])).all() == []


BOOKED = "a finished import has booked what its rows bring"


def test_k30_the_audit_shows_an_import_that_was_booked_short(
    session: Session, shop: ImportShop
) -> None:
    import_id = shop.upload([row(1, points="100")])
    shop.check(import_id, control=totals(100))
    shop.run(import_id)
    short = OpeningsBooked(import_id=import_id, rows=1, points=99, principal_minor=0, bonus_minor=0)

    import_work.on_openings_booked(session, [enveloped(short)])

    assert [each.import_id for each in session.execute(text(audit.CHECKS[BOOKED]))] == [import_id]


def test_nothing_of_the_file_is_kept_in_clear_nor_at_all_afterwards(
    session: Session, shop: ImportShop
) -> None:
    import_id = shop.upload([row(1), row(2, phone="1380000")])
    shop.check(import_id)
    kept = session.scalars(text("SELECT content FROM import_chunks")).all()

    assert len(kept) == 1
    assert b"13800000001" not in kept[0]
    shop.run(import_id)
    assert (shop.count("import_chunks"), shop.count("import_keys")) == (0, 0)
    faults = session.execute(text("SELECT * FROM import_faults")).all()
    assert "1380000" not in str(faults)


def test_an_upload_that_was_cut_off_goes_on(session: Session, shop: ImportShop) -> None:
    import_id, rows = new_id(), [row(number) for number in range(600)]
    shop.begin(import_id, HEADERS)
    shop.send(import_id, rows[:500])

    with pytest.raises(Refusal, match="IMPORT_INCOMPLETE"):
        shop.end(import_id, rows)
    shop.begin(import_id, HEADERS)
    shop.send(import_id, rows[:500])
    shop.send(import_id, rows[500:], first=502)
    ended = shop.end(import_id, rows)

    assert (ended.state, ended.rows) == ("uploaded", 600)
    assert shop.end(import_id, rows) == ended


def test_a_run_goes_on_where_it_was(session: Session, shop: ImportShop) -> None:
    """A run is killed after its first piece, which was committed; the second is not doubled."""
    import_id = shop.upload([row(number) for number in range(MORE_THAN_A_PIECE)])
    shop.check(import_id)
    shop.start(import_id)
    assert import_work.work(session, shop.keys)
    assert shop.get(import_id).done == imports.CHUNK_ROWS
    killed = session.begin_nested()
    assert import_work.work(session, shop.keys)
    killed.rollback()
    assert shop.count("members") == imports.CHUNK_ROWS

    assert shop.work() == 1

    done = shop.get(import_id)
    assert (done.state, done.created, shop.count("members")) == (
        "finished",
        MORE_THAN_A_PIECE,
        MORE_THAN_A_PIECE,
    )
    told = [each.member_id for each in shop.told()]
    assert (len(told), set(told)) == (MORE_THAN_A_PIECE, set(session.scalars(select(Profile.id))))


def test_a_run_is_cancelled(session: Session, shop: ImportShop) -> None:
    import_id = shop.upload([row(number) for number in range(MORE_THAN_A_PIECE)])
    shop.check(import_id)
    shop.start(import_id)
    import_work.work(session, shop.keys)

    cancelled = imports.cancel(session, shop.caller, CancelImport(id=import_id))

    assert (cancelled.state, shop.work()) == ("cancelled", 0)
    assert (shop.count("members"), shop.count("import_chunks")) == (imports.CHUNK_ROWS, 0)
    with pytest.raises(Refusal, match="IMPORT_STATE"):
        shop.start(import_id)


def test_the_same_file_is_not_imported_twice(session: Session, shop: ImportShop) -> None:
    rows = [row(1, points="100")]
    first = shop.brought(rows)
    second = shop.upload(rows)
    shop.check(second, control=totals(100))

    with pytest.raises(Refusal, match="IMPORT_FILE_KNOWN") as refused:
        shop.start(second)

    assert refused.value.parameters["import_id"] == first.id
    assert len(events(session, OpeningsBroughtIn.type)) == 1


def test_a_franchise_owner_imports_into_stores_of_their_own(
    session: Session, shop: ImportShop
) -> None:
    franchisee = new_id()
    own = open_store(session)
    session.execute(update(Store).where(Store.id == own).values(franchisee_id=franchisee))
    shop.caller = msgspec.structs.replace(
        shop.caller,
        roles=frozenset({Role.FRANCHISE_OWNER}),
        scope_kind=ScopeKind.FRANCHISEE,
        scope_id=franchisee,
    )
    rows = [row(1, code_of(session, own)), row(2, code_of(session, shop.store_id))]
    import_id = shop.upload(rows)

    checked = shop.check(import_id, store_id=None)

    assert shop.faults(import_id) == [(3, "门店", "ROW_SCOPE")]
    assert checked.faulty == 1
    shop.caller = msgspec.structs.replace(shop.caller, scope_id=new_id())
    with pytest.raises(Refusal, match="UNKNOWN_IMPORT"):
        shop.get(import_id)


def test_card_codes_of_the_old_system_stay(session: Session, shop: ImportShop) -> None:
    headers = ["姓名", "手机", "卡号"]
    mapping = [*MAPPING[:2], ColumnMapping(column=2, target="card_code")]
    rows = [["甲", "13800000001", "vip-0001"], ["乙", "13800000002", "VIP-0001"]]
    import_id = shop.upload(rows, headers)

    shop.check(import_id, mapping=mapping)

    assert shop.faults(import_id) == [(3, "卡号", "ROW_CARD_TWICE")]
    shop.run(import_id)
    found = search.find(session, shop.keys, shop.caller, FindMembers(query="vip-0001")).items
    assert [(each.name, each.card_code) for each in found] == [("甲", "VIP-0001")]


def test_what_a_text_stands_for_is_in_the_mapping(session: Session, shop: ImportShop) -> None:
    headers = ["姓名", "手机", "来源"]
    source = ColumnMapping(column=2, target="source_channel", values={"门店": "store"})
    import_id = shop.upload([["甲", "13800000001", "门店"], ["乙", "13800000002", "抖音"]], headers)

    shop.check(import_id, mapping=[*MAPPING[:2], source])
    shop.run(import_id)

    assert shop.faults(import_id) == [(3, "来源", "ROW_CHOICE")]
    assert session.scalars(select(Profile.source_channel)).all() == ["store"]


def test_a_file_that_nobody_starts_is_forgotten(session: Session, shop: ImportShop) -> None:
    import_id = shop.upload([row(1)])
    later = datetime.now(UTC) + timedelta(days=imports.KEEP_DAYS, minutes=1)

    assert imports.forget_abandoned(session, datetime.now(UTC)) == 0
    assert imports.forget_abandoned(session, later) == 1

    assert shop.get(import_id).state == "cancelled"
    assert shop.count("import_chunks") == 0
    states = session.scalars(select(ImportRun.state)).all()
    assert states == ["cancelled"]


def enveloped(event: OpeningsBooked) -> Envelope[OpeningsBooked]:
    return Envelope(
        id=new_id(),
        source="chainstitch/loyalty",
        type=event.type,
        subject=str(new_id()),
        sequence=1,
        time=datetime.now(UTC),
        data=event,
    )
