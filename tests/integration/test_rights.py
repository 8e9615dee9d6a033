"""Role × scope: every operation of every service, asked by every role, for its own and another
store. The services are asked directly with sealed callers, since each enforces its rights itself.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.rpc import Rpc
from shared.contracts import SERVICES, Command, declared
from shared.contracts import campaign as c
from shared.contracts import directory as d
from shared.contracts import inventory as i
from shared.contracts import loyalty as l
from shared.contracts import member as m
from shared.contracts import order as o
from shared.contracts.campaign import tasks as todo
from shared.contracts.campaign.till import GetTillPromotions
from shared.contracts.directory import printers
from shared.contracts.directory.disclosure import ReadDirectoryRecords
from shared.contracts.inventory.till import GetTillCatalogue, GetTillStock
from shared.contracts.loyalty import clearing as k
from shared.contracts.loyalty import mall
from shared.contracts.loyalty import proposals as p
from shared.contracts.loyalty import rehearsals as r
from shared.contracts.loyalty import wallet as w
from shared.contracts.loyalty.disclosure import ReadLoyaltyRecords
from shared.contracts.loyalty.explanation import ExplainBalance
from shared.contracts.loyalty.liability import GetLiability, ListDebts
from shared.contracts.loyalty.tier_explanation import ExplainTier
from shared.contracts.loyalty.tiers import ListTierSettings, SetTier
from shared.contracts.member import birthdays, family, identity
from shared.contracts.member import consents as mc
from shared.contracts.member import disclosure as md
from shared.contracts.member import duplicates as dup
from shared.contracts.member import erasure as me
from shared.contracts.member import exports as x
from shared.contracts.member import files as mf
from shared.contracts.member import imports as n
from shared.contracts.member import new_cards as nc
from shared.contracts.member import privacy as mp
from shared.contracts.member import retention as mr
from shared.contracts.member import tag_rules as t
from shared.contracts.member.fields import TextField
from shared.contracts.member.till import GetTillMembers
from shared.contracts.order import offline as off
from shared.contracts.order import performance as perf
from shared.contracts.order import receipts
from shared.contracts.order import returns as back
from shared.contracts.order.disclosure import ReadOrderRecords
from shared.errors import Forbidden, Refusal
from shared.seal import Caller, Role, ScopeKind, seal
from tests.conftest import RunningStack
from tests.integration.shop import Shop

pytestmark = pytest.mark.anyio

R = Role
HQ = {R.HQ_OPERATIONS, R.HQ_ADMINISTRATOR}
MANAGERS = HQ | {R.STORE_MANAGER, R.FRANCHISE_OWNER, R.REGION_MANAGER}
SELLERS = {R.ASSOCIATE, R.STORE_MANAGER, R.FRANCHISE_OWNER, R.INTEGRATION}
READERS = MANAGERS | {R.ASSOCIATE, R.INTEGRATION, R.AUDITOR}
CLEARERS = HQ | {R.AUDITOR, R.FRANCHISE_OWNER}
ANYONE: None = None

# Who may ask for what; whoever is not named is refused before the command is looked at.
ROLES: dict[type[Command[Any]], set[Role] | None] = {
    d.SignInWithPin: ANYONE, d.SignInWithPassword: ANYONE, d.SignInClient: ANYONE,
    d.Refresh: ANYONE, d.SignOut: ANYONE, d.ActivateDevice: ANYONE,
    d.CreateBrand: {R.HQ_ADMINISTRATOR}, d.CreateRegion: {R.HQ_ADMINISTRATOR},
    d.CreateFranchisee: {R.HQ_ADMINISTRATOR}, d.SaveStore: HQ, d.SaveStaff: MANAGERS,
    d.CreateDevice: MANAGERS, d.CreateClient: {R.HQ_ADMINISTRATOR},
    d.DeactivateDevice: MANAGERS, d.DeactivateClient: {R.HQ_ADMINISTRATOR},
    d.ChangePin: set(Role) - {R.INTEGRATION}, d.ChangePassword: set(Role) - {R.INTEGRATION},
    d.PublishSetting: MANAGERS, d.GetSettings: MANAGERS | {R.AUDITOR},
    d.PublishSignInPolicy: {R.HQ_ADMINISTRATOR}, d.ListSignInPolicies: HQ | {R.AUDITOR},
    d.ListDevices: MANAGERS | {R.AUDITOR}, d.ListClients: {R.HQ_ADMINISTRATOR, R.AUDITOR},
    d.ListStores: READERS, d.GetStores: READERS, d.ListStaff: READERS, d.GetStaff: READERS,
    printers.SavePrinter: MANAGERS,
    printers.ListPrinters: MANAGERS | {R.ASSOCIATE, R.AUDITOR},
    d.ListAudit: {R.HQ_ADMINISTRATOR, R.AUDITOR},
    m.RegisterMember: SELLERS | MANAGERS, m.UpdateMember: SELLERS | MANAGERS,
    m.TagMember: MANAGERS | {R.ASSOCIATE}, m.FindMembers: READERS, m.GetMembers: READERS,
    m.RevealPhone: MANAGERS | {R.ASSOCIATE}, m.RecordContact: SELLERS | MANAGERS,
    m.GetTimeline: READERS - {R.INTEGRATION}, m.HandOverMembers: MANAGERS,
    m.PublishField: HQ, m.GetFields: READERS, m.GetForm: READERS,
    mc.RecordConsents: SELLERS | MANAGERS, mc.GetConsents: READERS, mc.PublishNotice: HQ,
    mc.ListNotices: READERS, mc.GetNoticesInForce: ANYONE,
    family.SaveRelative: SELLERS | MANAGERS, family.RemoveRelative: SELLERS | MANAGERS,
    family.GetFamily: READERS - {R.INTEGRATION}, birthdays.GetBirthdays: READERS - {R.INTEGRATION},
    birthdays.PublishBirthdayRule: HQ, birthdays.ListBirthdayRules: READERS,
    me.RequestErasure: MANAGERS, me.ConfirmErasure: MANAGERS, me.WithdrawErasure: MANAGERS,
    me.ListErasures: MANAGERS | {R.AUDITOR},
    **dict.fromkeys((md.BeginDisclosure, md.ReadMemberRecords, md.EndDisclosure, ReadOrderRecords,
                     ReadLoyaltyRecords, ReadDirectoryRecords, c.ReadCampaignRecords), MANAGERS),
    mr.PreviewRetention: HQ, mr.GetRetentionRun: HQ | {R.AUDITOR},
    mr.ExplainRetention: READERS - {R.INTEGRATION},
    mp.PublishPrivacyRule: HQ, mp.ListPrivacyRules: MANAGERS | {R.AUDITOR},
    t.PublishTagRule: HQ, t.EndTagRule: HQ, t.PreviewTagRule: HQ, t.CancelTagRun: HQ,
    t.GetTagRun: HQ, t.ListTagRules: READERS, t.ExplainTag: READERS - {R.INTEGRATION},
    t.ExemptMember: MANAGERS,
    **dict.fromkeys((n.BeginUpload, n.StageRows, n.EndUpload, n.CheckImport, n.StartImport,
                     n.CancelImport, n.GetImport, n.ListImports, n.ListFaults),
                    HQ | {R.FRANCHISE_OWNER}),
    **dict.fromkeys((x.BeginExport, x.ReadExport, x.EndExport), MANAGERS),
    **dict.fromkeys((mf.BeginFile, mf.AddFilePiece, mf.EndFile), SELLERS | MANAGERS),
    mf.ReadFile: READERS, mf.ShowSignature: READERS,
    identity.LinkIdentifier: SELLERS | MANAGERS, identity.UnlinkIdentifier: MANAGERS,
    identity.ListIdentifiers: READERS, identity.MergeMembers: MANAGERS,
    identity.UndoMerge: MANAGERS, identity.ListMerges: MANAGERS | {R.AUDITOR},
    dup.ListDuplicates: MANAGERS | {R.AUDITOR}, dup.DismissDuplicate: MANAGERS,
    dup.PublishDuplicateRule: HQ, dup.ListDuplicateRules: MANAGERS | {R.AUDITOR},
    l.PublishRule: HQ, l.ListRules: READERS, l.GetAccounts: READERS, l.GetStatement: READERS,
    l.OfferSpend: SELLERS | MANAGERS, l.Hold: SELLERS | MANAGERS, l.TopUp: SELLERS | MANAGERS,
    l.AdjustPoints: MANAGERS,
    w.OfferTopUp: SELLERS | MANAGERS, w.RefundTopUp: SELLERS | MANAGERS, w.PayOutWallet: MANAGERS,
    w.AdjustWallet: MANAGERS, w.TransferWallet: MANAGERS, w.FreezeAccount: SELLERS | MANAGERS,
    w.UnfreezeAccount: MANAGERS, p.ListProposals: MANAGERS | {R.AUDITOR},
    p.DecideProposal: MANAGERS, ExplainBalance: READERS, ExplainTier: READERS,
    **dict.fromkeys((r.RehearseRule, r.GetRehearsal, r.ListRehearsals, r.CancelRehearsal,
                     r.RollBackRule), HQ),
    SetTier: HQ, ListTierSettings: MANAGERS | {R.AUDITOR},
    GetLiability: MANAGERS | {R.AUDITOR}, ListDebts: MANAGERS | {R.AUDITOR},
    k.PublishClearingAgreement: HQ, k.RecordClearingPayment: HQ,
    k.ListClearingAgreements: CLEARERS, k.GetClearingStatement: CLEARERS,
    k.ListClearingStatements: CLEARERS, k.GetClearingBalances: CLEARERS,
    k.ExplainClearing: CLEARERS,
    mall.PublishMallItem: HQ, mall.ListMallItems: READERS, mall.MoveMallStock: MANAGERS,
    mall.OfferMall: READERS, mall.RedeemPoints: SELLERS | MANAGERS,
    mall.HandOverRedemption: SELLERS | MANAGERS, mall.CancelRedemption: MANAGERS,
    mall.ListRedemptions: READERS,
    i.SaveStyles: HQ, i.SetPrice: MANAGERS, i.GetSkus: READERS, i.FindSkus: READERS,
    i.GetStyle: READERS, i.GetLevels: READERS, i.WhereElse: READERS, i.ListMovements: READERS,
    i.MoveStock: MANAGERS | {R.ASSOCIATE, R.INTEGRATION}, i.SetThreshold: MANAGERS,
    i.Reserve: SELLERS | MANAGERS,
    c.PriceAndHold: SELLERS | MANAGERS, c.PublishPromotion: HQ, c.EndPromotion: HQ,
    c.ListPromotions: READERS, c.IssueCoupons: HQ, c.GetCoupons: READERS,
    **dict.fromkeys((todo.ListTasks, todo.CountTasks, todo.GetTask), READERS - {R.INTEGRATION}),
    **dict.fromkeys((todo.RaiseTask, todo.TakeTask, todo.HandOnTask, todo.FinishTask),
                    MANAGERS | {R.ASSOCIATE}),
    todo.PublishTaskRule: HQ, todo.ListTaskRules: MANAGERS | {R.AUDITOR},
    o.GetQuote: SELLERS | MANAGERS, o.PlaceOrder: SELLERS, o.CancelOrder: MANAGERS,
    o.GetOrders: READERS, o.ListOrders: READERS,
    perf.GetPerformance: READERS - {R.INTEGRATION}, nc.CountNewCards: READERS - {R.INTEGRATION},
    off.GetTillRule: READERS, off.ReportOffline: SELLERS - {R.INTEGRATION},
    off.PublishOfflineRule: HQ, off.ListOfflineRules: READERS, off.ListRefusedSales: READERS,
    off.AcceptOfflineSale: MANAGERS,
    **dict.fromkeys((GetTillCatalogue, GetTillStock, GetTillPromotions, GetTillMembers), READERS),
    back.QuoteReturn: SELLERS | MANAGERS, back.ReturnGoods: SELLERS | MANAGERS,
    receipts.IssueReceipt: MANAGERS | {R.ASSOCIATE},
    back.ListReturns: READERS, back.PublishReturnRule: HQ, back.ListReturnRules: READERS,
}  # fmt: skip

LINE = {"line": 1, "sku_id": uuid4(), "quantity": 1}
CASH = o.Tender(kind="cash", amount_minor=1)


def _scoped(store: UUID) -> dict[type[Command[Any]], Command[Any]]:
    """A well-formed command for each operation that belongs to one store."""
    basket = [c.BasketLine(**LINE)]
    consent = m.Consent(purpose="membership", notice_version="1", granted=True)
    return {type(command): command for command in (
        d.CreateDevice(id=uuid4(), store_id=store, name="x"), d.ListDevices(store_id=store),
        d.GetSettings(store_id=store), printers.ListPrinters(store_id=store),
        printers.SavePrinter(id=uuid4(), store_id=store, address="192.168.1.50"),
        d.PublishSetting(id=uuid4(), name="pin_digits", scope_kind=ScopeKind.STORE,
                         scope_id=store, value=4),
        m.RegisterMember(member_id=uuid4(), phone="13800000000", name="x", source_channel="x",
                         home_store_id=store, consents=[consent]),
        m.RecordContact(id=uuid4(), member_id=uuid4(), store_id=store, kind="visit"),
        mc.RecordConsents(id=uuid4(), member_id=uuid4(), store_id=store, consents=[consent]),
        m.HandOverMembers(id=uuid4(), from_associate_id=uuid4(), to_associate_ids=[uuid4()],
                          store_id=store),
        birthdays.GetBirthdays(store_id=store),
        l.Hold(order_id=uuid4(), store_id=store, member_id=uuid4(), currency="CNY", total_minor=1),
        l.TopUp(id=uuid4(), store_id=store, member_id=uuid4(), currency="CNY", paid_minor=1,
                tender="cash"),
        l.AdjustPoints(id=uuid4(), store_id=store, member_id=uuid4(), points=1, reason="xx"),
        w.OfferTopUp(member_id=uuid4(), store_id=store),
        w.RefundTopUp(id=uuid4(), store_id=store, member_id=uuid4(), top_up_id=uuid4()),
        w.PayOutWallet(id=uuid4(), store_id=store, member_id=uuid4(), principal_minor=1,
                       tender="cash", reason="xx"),
        w.AdjustWallet(id=uuid4(), store_id=store, member_id=uuid4(), bonus_minor=1, reason="xx"),
        w.TransferWallet(id=uuid4(), store_id=store, member_id=uuid4(), to_member_id=uuid4(),
                         principal_minor=1, reason="xx"),
        w.FreezeAccount(id=uuid4(), store_id=store, member_id=uuid4(), account="points",
                        reason="xx"),
        w.UnfreezeAccount(id=uuid4(), store_id=store, member_id=uuid4(), account="points",
                          reason="xx"),
        mall.MoveMallStock(id=uuid4(), store_id=store, item_id=uuid4(), quantity=1, reason="xx"),
        mall.OfferMall(store_id=store),
        mall.RedeemPoints(id=uuid4(), store_id=store, member_id=uuid4(), item_id=uuid4(),
                          points=1),
        mall.HandOverRedemption(id=uuid4(), store_id=store),
        mall.CancelRedemption(id=uuid4(), store_id=store, reason="xx"),
        mall.ListRedemptions(store_id=store),
        p.ListProposals(store_id=store), GetLiability(store_id=store),
        ListDebts(store_id=store, account="points"),
        i.GetSkus(ids=[uuid4()], store_id=store), i.FindSkus(query="x", store_id=store),
        i.GetStyle(id=uuid4(), store_id=store), i.GetLevels(store_id=store, sku_ids=[uuid4()]),
        i.ListMovements(store_id=store, sku_id=uuid4()),
        i.MoveStock(id=uuid4(), store_id=store, reason="receiving",
                    lines=[i.MovementLine(sku_id=uuid4(), quantity=1)]),
        i.SetThreshold(store_id=store, sku_id=uuid4(), threshold=1),
        i.SetPrice(id=uuid4(), style_id=uuid4(), scope="store", scope_id=store, price_minor=1,
                   valid_from=datetime.now(UTC)),
        i.Reserve(order_id=uuid4(), store_id=store,
                  lines=[i.ReserveLine(sku_id=uuid4(), quantity=1)]),
        c.PriceAndHold(store_id=store, currency="CNY", at=datetime.now(UTC), lines=basket),
        todo.ListTasks(store_id=store), todo.CountTasks(store_id=store),
        todo.RaiseTask(id=uuid4(), store_id=store, reason="x"),
        o.GetQuote(store_id=store, lines=basket),
        o.PlaceOrder(order_id=uuid4(), store_id=store, total_minor=1, lines=basket,
                     tenders=[CASH]),
        o.ListOrders(store_id=store), perf.GetPerformance(store_id=store),
        nc.CountNewCards(store_id=store, first_day=date(2026, 3, 1), last_day=date(2026, 3, 1)),
        off.GetTillRule(store_id=store), off.ListRefusedSales(store_id=store),
        off.ReportOffline(spell_id=uuid4(), store_id=store, contact_at=datetime.now(UTC)),
        GetTillCatalogue(store_id=store), GetTillStock(store_id=store),
        GetTillPromotions(store_id=store), GetTillMembers(store_id=store),
        back.QuoteReturn(order_id=uuid4(), store_id=store),
        back.ReturnGoods(return_id=uuid4(), order_id=uuid4(), store_id=store, lines=[],
                         refund_minor=0, reason="xx"),
        back.ListReturns(store_id=store),
    )}  # fmt: skip


CHAIN_ONLY = (
    d.CreateBrand, d.CreateRegion, d.CreateFranchisee, d.SaveStore, d.PublishSignInPolicy,
    l.PublishRule, SetTier, mall.PublishMallItem, i.SaveStyles, k.PublishClearingAgreement,
    k.RecordClearingPayment,
    r.RehearseRule, r.GetRehearsal, r.ListRehearsals, r.CancelRehearsal, r.RollBackRule,
    k.ListClearingAgreements, k.GetClearingStatement, k.ListClearingStatements,
    k.GetClearingBalances, k.ExplainClearing,
    c.PublishPromotion, c.EndPromotion, c.IssueCoupons, m.PublishField,
    mc.PublishNotice, birthdays.PublishBirthdayRule, back.PublishReturnRule, mp.PublishPrivacyRule,
    t.PublishTagRule, t.EndTagRule, t.PreviewTagRule, t.CancelTagRun,
    mr.PreviewRetention, todo.PublishTaskRule,
    mr.PreviewRetention, off.PublishOfflineRule,
)  # fmt: skip


@pytest.fixture
async def rpc(stack: RunningStack) -> AsyncIterator[Rpc]:
    made = Rpc(stack.environment["AMQP_URI"], 20)
    await made.connect()
    yield made
    await made.close()


class Asked:
    """Asks a service as somebody, and says how it went: 'allowed' or why not."""

    def __init__(self, rpc: Rpc, key: str) -> None:
        self.rpc = rpc
        self.key = key

    async def how(self, command: Any, role: Role, scope: ScopeKind, place: UUID | None) -> str:
        caller = Caller(
            kind="client" if role is R.INTEGRATION else "staff", id=uuid4(),
            roles=frozenset({role}), scope_kind=scope, scope_id=place,
        )  # fmt: skip
        try:
            await self.rpc.call(command, seal(caller, self.key))
        except Forbidden as error:
            return error.code
        except Refusal:
            return "allowed"  # the right is there; what was asked for was not possible
        return "allowed"


@pytest.fixture
def asked(rpc: Rpc, stack: RunningStack) -> Asked:
    return Asked(rpc, stack.environment["SEAL_KEY"])


def test_every_operation_is_in_the_matrix() -> None:
    known = {kind for service in SERVICES for kind in declared(service, Command)}
    assert known == set(ROLES)


@pytest.mark.parametrize("role", list(Role))
async def test_roles(asked: Asked, rpc: Rpc, shop: Shop, role: Role) -> None:
    """A role that is not named is refused, whatever the command; a named one gets further."""
    scoped = _scoped(UUID(shop.store))
    for kind, allowed in ROLES.items():
        if allowed is None:
            continue
        if role not in allowed:
            empty = scoped.get(kind) or _nothing(kind)
            answer = await asked.how(empty, role, ScopeKind.CHAIN, None)
            assert answer == "FORBIDDEN_ROLE", kind.__name__
        elif kind in scoped:
            answer = await asked.how(scoped[kind], role, ScopeKind.STORE, UUID(shop.store))
            assert answer == "allowed", kind.__name__


def _nothing(kind: type[Command[Any]]) -> Any:
    """A command without content: the role is looked at before anything else."""

    return _Empty(kind) if kind.__struct_fields__ else kind()


class _Empty:
    """Travels as `{}` under the name of a command."""

    def __new__(cls, kind: type[Command[Any]]) -> Any:
        import msgspec

        made = msgspec.defstruct(kind.__name__, [], module=kind.__module__)
        made.__orig_bases__ = kind.__orig_bases__  # type: ignore[attr-defined]
        return made()


async def test_another_store_is_out_of_scope(asked: Asked, shop: Shop) -> None:
    for kind, command in _scoped(UUID(shop.store)).items():
        for role in ROLES[kind] or ():
            for scope in (ScopeKind.STORE, ScopeKind.FRANCHISEE, ScopeKind.REGION):
                answer = await asked.how(command, role, scope, uuid4())
                assert answer == "FORBIDDEN_SCOPE", f"{kind.__name__} by {role} of a {scope}"


async def test_the_region_and_the_chain_reach_the_store(asked: Asked, shop: Shop) -> None:
    for kind, command in _scoped(UUID(shop.store)).items():
        for role in ROLES[kind] or ():
            answer = await asked.how(command, role, ScopeKind.REGION, UUID(shop.region))
            assert answer == "allowed", f"{kind.__name__} by {role}"
            answer = await asked.how(command, role, ScopeKind.CHAIN, None)
            assert answer == "allowed", f"{kind.__name__} by {role}"


@pytest.mark.parametrize("kind", CHAIN_ONLY)
async def test_what_is_for_the_whole_chain(
    asked: Asked, shop: Shop, kind: type[Command[Any]]
) -> None:
    for role in ROLES[kind] or ():
        command = _chain_command(kind)
        answer = await asked.how(command, role, ScopeKind.STORE, UUID(shop.store))
        assert answer == "FORBIDDEN_SCOPE", f"{kind.__name__} by {role}"


def _chain_command(kind: type[Command[Any]]) -> Command[Any]:
    sku = i.SkuInput(id=uuid4(), code="x", colour="x", size="x")
    style = i.StyleInput(
        id=uuid4(), code="x", name="x", category="x", list_price_minor=1, skus=[sku]
    )
    promotion = c.PromotionInput(
        id=uuid4(), code="x", name_zh="x", name_en="x", rule=c.Percentage(off_basis_points=1)
    )
    limits = d.SignInLimits(attempts=5, device_attempts=20, window_minutes=15, lock_minutes=15,
                            refresh_days=14, refresh_grace_seconds=30)  # fmt: skip
    field = m.FieldInput(
        subject="member", key="x", label_zh="x", label_en="x", kind=TextField(),
        seen_by=list(Role),
    )  # fmt: skip
    rule = t.TagRuleInput(tag="x", label_zh="x", label_en="x", condition="spent > 1")
    commands: list[Command[Any]] = [
        t.PublishTagRule(id=uuid4(), rule=rule),
        t.PreviewTagRule(id=uuid4(), rule=rule),
        t.EndTagRule(id=uuid4(), version=1, tag="x"),
        t.CancelTagRun(id=uuid4()),
        m.PublishField(id=uuid4(), field=field),
        mp.PublishPrivacyRule(id=uuid4(), body=me.ErasureRule()),
        mr.PreviewRetention(id=uuid4(), rule=mr.RetentionRule()),
        mc.PublishNotice(
            id=uuid4(), purpose="membership", version="1", text_zh="须知", text_en="notice"
        ),
        birthdays.PublishBirthdayRule(id=uuid4(), rule=birthdays.BirthdayRule()),
        back.PublishReturnRule(id=uuid4(), body=back.ReturnRule()),
        off.PublishOfflineRule(id=uuid4(), version=0, body=off.OfflineRule()),
        d.CreateBrand(id=uuid4(), code="x", name="x"),
        d.CreateRegion(id=uuid4(), brand_id=uuid4(), code="x", name="x"),
        d.CreateFranchisee(id=uuid4(), code="x", name="x", legal_entity="x"),
        d.SaveStore(id=uuid4(), region_id=uuid4(), code="x", name="x", legal_entity="x"),
        d.PublishSignInPolicy(version=1, limits=limits),
        l.PublishRule(id=uuid4(), body=l.WalletRule()),
        SetTier(id=uuid4(), member_id=uuid4(), tier="x", reason="xx"),
        r.RehearseRule(id=uuid4(), body=l.EarnRule(minor_per_point=1)),
        r.GetRehearsal(id=uuid4()),
        r.ListRehearsals(),
        r.CancelRehearsal(id=uuid4()),
        r.RollBackRule(id=uuid4(), kind="earn", version=1),
        k.PublishClearingAgreement(id=uuid4(), terms=k.ClearingTerms()),
        k.RecordClearingPayment(
            id=uuid4(),
            payee_id=uuid4(),
            currency="CNY",
            amount_minor=1,
            paid_on=date(2026, 1, 1),
            reference="x",
        ),
        mall.PublishMallItem(
            item_id=uuid4(),
            version=0,
            body=mall.MallItemBody(code="X", kind="goods", name_zh="x", name_en="x", points=1),
        ),
        k.ListClearingAgreements(),
        k.GetClearingStatement(day=date(2026, 1, 1)),
        k.ListClearingStatements(),
        k.GetClearingBalances(),
        k.ExplainClearing(),
        i.SaveStyles(items=[style]),
        c.PublishPromotion(version=0, promotion=promotion),
        c.EndPromotion(id=uuid4()),
        todo.PublishTaskRule(id=uuid4(), rule=todo.TaskRule()),
        c.IssueCoupons(items=[c.CouponInput(code="xxxx", promotion_id=uuid4())]),
    ]
    return next(command for command in commands if type(command) is kind)


@pytest.mark.parametrize("header", [None, "", "nonsense", "a.b", "e30=.00"])
async def test_an_unsealed_call_is_refused(rpc: Rpc, header: str | None) -> None:
    with pytest.raises(Forbidden, match="UNSEALED"):
        await rpc.call(d.ListStores(), header)


async def test_a_seal_of_another_key_is_refused(rpc: Rpc) -> None:
    admin = Caller(
        kind="staff", id=uuid4(), roles=frozenset({R.HQ_ADMINISTRATOR}), scope_kind=ScopeKind.CHAIN
    )
    with pytest.raises(Forbidden, match="UNSEALED"):
        await rpc.call(d.ListStores(), seal(admin, "another key"))
