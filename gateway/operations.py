"""The operations of the API: tables of contract commands, and the fields that join services.

A mutation answers `{ <answer>, refusal }`; a list is a cursor connection; a refused query is an
entry of `errors` with its code. What only services say to each other is not here.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import graphene
import msgspec

from gateway.context import Context
from gateway.mapping import (
    arguments,
    connection,
    connection_type,
    extend,
    input_type,
    object_type,
    to_command,
)
from gateway.refusals import RefusalType, describe, fault
from shared.contracts import (
    Command,
    Done,
    answer_of,
    campaign,
    directory,
    inventory,
    loyalty,
    member,
    order,
)
from shared.contracts.campaign import tasks
from shared.contracts.campaign import till as campaign_till
from shared.contracts.directory import printers
from shared.contracts.inventory import till as inventory_till
from shared.contracts.loyalty import (
    clearing,
    explanation,
    liability,
    mall,
    proposals,
    rehearsals,
    tier_explanation,
    tiers,
    wallet,
)
from shared.contracts.member import (
    birthdays,
    consents,
    duplicates,
    erasure,
    family,
    files,
    identity,
    imports,
    new_cards,
    privacy,
    retention,
    tag_rules,
)
from shared.contracts.member import till as member_till
from shared.contracts.order import offline, performance, returns
from shared.errors import Forbidden, Refusal, Unavailable
from shared.paging import Page

MUTATIONS: list[type[Command[Any]]] = [
    directory.ActivateDevice, directory.CreateBrand, directory.CreateRegion,
    directory.CreateFranchisee, directory.SaveStore, directory.SaveStaff, directory.CreateDevice,
    directory.DeactivateDevice, directory.CreateClient, directory.DeactivateClient,
    directory.ChangePin, directory.ChangePassword, directory.PublishSignInPolicy,
    directory.PublishSetting, printers.SavePrinter,
    member.RegisterMember, member.UpdateMember, member.TagMember, member.RevealPhone,
    member.RecordContact, member.HandOverMembers, member.PublishField,
    consents.RecordConsents, consents.PublishNotice,
    family.SaveRelative, family.RemoveRelative, birthdays.PublishBirthdayRule,
    erasure.RequestErasure, erasure.ConfirmErasure, erasure.WithdrawErasure,
    privacy.PublishPrivacyRule, retention.PreviewRetention,
    tag_rules.PublishTagRule, tag_rules.EndTagRule, tag_rules.PreviewTagRule,
    tag_rules.CancelTagRun, tag_rules.ExemptMember,
    imports.CheckImport, imports.StartImport, imports.CancelImport,
    identity.LinkIdentifier, identity.UnlinkIdentifier, identity.MergeMembers, identity.UndoMerge,
    files.ShowSignature, duplicates.DismissDuplicate, duplicates.PublishDuplicateRule,
    loyalty.PublishRule, rehearsals.RollBackRule, rehearsals.RehearseRule,
    rehearsals.CancelRehearsal, loyalty.TopUp, loyalty.AdjustPoints,
    wallet.RefundTopUp, wallet.PayOutWallet, wallet.AdjustWallet, wallet.TransferWallet,
    wallet.FreezeAccount, wallet.UnfreezeAccount, proposals.DecideProposal,
    tiers.SetTier, clearing.PublishClearingAgreement, clearing.RecordClearingPayment,
    mall.PublishMallItem, mall.MoveMallStock, mall.RedeemPoints, mall.HandOverRedemption,
    mall.CancelRedemption,
    inventory.SaveStyles, inventory.SetPrice, inventory.MoveStock, inventory.SetThreshold,
    order.PlaceOrder, order.CancelOrder, returns.ReturnGoods, returns.PublishReturnRule,
    offline.ReportOffline, offline.AcceptOfflineSale, offline.PublishOfflineRule,
    campaign.PublishPromotion, campaign.EndPromotion, campaign.IssueCoupons,
    tasks.RaiseTask, tasks.TakeTask, tasks.HandOnTask, tasks.FinishTask, tasks.PublishTaskRule,
]  # fmt: skip
UNSEALED = {directory.ActivateDevice}
QUOTES: dict[Any, dict[str, Any]] = {
    order.PlaceOrder: {"quote": order.Quote, "return_quote": returns.ReturnQuote},
    returns.ReturnGoods: {"return_quote": returns.ReturnQuote},
}
"""What a mutation tells, beside the refusal, when it comes to something else than was told."""

QUERIES: dict[str, type[Command[Any]]] = {
    "stores": directory.ListStores,
    "staff": directory.ListStaff,
    "devices": directory.ListDevices,
    "clients": directory.ListClients,
    "sign_in_policies": directory.ListSignInPolicies,
    "settings": directory.GetSettings,
    "printers": printers.ListPrinters,
    "audit_log": directory.ListAudit,
    "members": member.FindMembers,
    "timeline": member.GetTimeline,
    "fields": member.GetFields,
    "consents": consents.GetConsents,
    "notices": consents.ListNotices,
    "erasures": erasure.ListErasures,
    "privacy_rules": privacy.ListPrivacyRules,
    "notices_in_force": consents.GetNoticesInForce,
    "member_form": member.GetForm,
    "family": family.GetFamily,
    "birthdays": birthdays.GetBirthdays,
    "birthday_rules": birthdays.ListBirthdayRules,
    "tag_rules": tag_rules.ListTagRules,
    "tag_run": tag_rules.GetTagRun,
    "retention_run": retention.GetRetentionRun,
    "retention": retention.ExplainRetention,
    "member_tag": tag_rules.ExplainTag,
    "member_import": imports.GetImport,
    "member_imports": imports.ListImports,
    "import_faults": imports.ListFaults,
    "identifiers": identity.ListIdentifiers,
    "merges": identity.ListMerges,
    "duplicates": duplicates.ListDuplicates,
    "duplicate_rules": duplicates.ListDuplicateRules,
    "statement": loyalty.GetStatement,
    "loyalty_rules": loyalty.ListRules,
    "rehearsal": rehearsals.GetRehearsal,
    "rehearsals": rehearsals.ListRehearsals,
    "spend_offer": loyalty.OfferSpend,
    "top_up_offer": wallet.OfferTopUp,
    "balance_explanation": explanation.ExplainBalance,
    "tier_explanation": tier_explanation.ExplainTier,
    "tier_settings": tiers.ListTierSettings,
    "proposals": proposals.ListProposals,
    "mall_items": mall.ListMallItems,
    "mall_offer": mall.OfferMall,
    "redemptions": mall.ListRedemptions,
    "liability": liability.GetLiability,
    "debts": liability.ListDebts,
    "clearing_agreements": clearing.ListClearingAgreements,
    "clearing_statement": clearing.GetClearingStatement,
    "clearing_statements": clearing.ListClearingStatements,
    "clearing_balances": clearing.GetClearingBalances,
    "clearing_items": clearing.ExplainClearing,
    "skus": inventory.FindSkus,
    "skus_by_id": inventory.GetSkus,
    "style": inventory.GetStyle,
    "stock_levels": inventory.GetLevels,
    "where_else": inventory.WhereElse,
    "stock_movements": inventory.ListMovements,
    "orders": order.ListOrders,
    "orders_by_id": order.GetOrders,
    "performance": performance.GetPerformance,
    "return_quote": returns.QuoteReturn,
    "returns": returns.ListReturns,
    "return_rules": returns.ListReturnRules,
    "till_rule": offline.GetTillRule,
    "till_catalogue": inventory_till.GetTillCatalogue,
    "till_stock": inventory_till.GetTillStock,
    "till_promotions": campaign_till.GetTillPromotions,
    "till_members": member_till.GetTillMembers,
    "offline_rules": offline.ListOfflineRules,
    "refused_sales": offline.ListRefusedSales,
    "promotions": campaign.ListPromotions,
    "coupons": campaign.GetCoupons,
    "tasks": tasks.ListTasks,
    "task": tasks.GetTask,
    "task_counts": tasks.CountTasks,
    "task_rules": tasks.ListTaskRules,
}

Resolver = Callable[..., Awaitable[Any]]


def _loaded(kind: str, attribute: str) -> Resolver:
    async def resolve(root: Any, info: Any) -> Any:
        try:
            return await info.context.load(kind, getattr(root, attribute))
        except (Refusal, Unavailable) as error:
            raise fault(error, info.context.language) from error

    return resolve


async def _new_cards(root: performance.Performance, info: Any) -> Any:
    command = new_cards.CountNewCards(
        store_id=root.store_id, first_day=root.first_day, last_day=root.last_day
    )
    try:
        return (await info.context.call(command)).items
    except (Refusal, Unavailable) as error:
        raise fault(error, info.context.language) from error


async def _told(root: Any, info: Any) -> dict[str, Any]:
    """A refusal that is kept, in words."""
    return describe(Refusal(root.code, root.parameters), info.context.language)


def _join() -> None:
    """Fields of one service's types that another service answers, batched by type."""
    store, staff = object_type(directory.Store), object_type(directory.Staff)
    account = object_type(loyalty.Account)
    extend(
        member.Member,
        account=graphene.Field(account, resolver=_loaded("account", "id")),
        home_store=graphene.Field(store, resolver=_loaded("store", "home_store_id")),
        associate=graphene.Field(staff, resolver=_loaded("staff", "associate_id")),
    )
    extend(
        member.Happening,
        store=graphene.Field(store, resolver=_loaded("store", "store_id")),
        staff=graphene.Field(staff, resolver=_loaded("staff", "staff_id")),
    )
    person = object_type(member.Member)
    extend(
        birthdays.UpcomingBirthday,
        member=graphene.Field(person, resolver=_loaded("member", "member_id")),
    )
    extend(
        duplicates.Duplicate,
        member=graphene.Field(person, resolver=_loaded("member", "member_id")),
        other=graphene.Field(person, resolver=_loaded("member", "other_id")),
    )
    extend(
        order.Order,
        store=graphene.Field(store, resolver=_loaded("store", "store_id")),
        staff=graphene.Field(staff, resolver=_loaded("staff", "staff_id")),
        member=graphene.Field(person, resolver=_loaded("member", "member_id")),
    )
    extend(
        returns.ReturnReceipt,
        store=graphene.Field(store, resolver=_loaded("store", "store_id")),
        staff=graphene.Field(staff, resolver=_loaded("staff", "staff_id")),
        member=graphene.Field(person, resolver=_loaded("member", "member_id")),
    )
    for seller in (performance.SellerFigures, new_cards.CardsMade):
        extend(seller, staff=graphene.Field(staff, resolver=_loaded("staff", "staff_id")))
    extend(
        performance.Performance,
        new_cards=graphene.Field(
            graphene.List(graphene.NonNull(object_type(new_cards.CardsMade))), resolver=_new_cards
        ),
    )
    extend(
        tasks.Task,
        store=graphene.Field(store, resolver=_loaded("store", "store_id")),
        associate=graphene.Field(staff, resolver=_loaded("staff", "associate_id")),
        member=graphene.Field(person, resolver=_loaded("member", "member_id")),
    )
    extend(
        tasks.TaskStep,
        by=graphene.Field(staff, resolver=_loaded("staff", "by_id")),
        to=graphene.Field(staff, resolver=_loaded("staff", "to_id")),
    )
    extend(offline.RefusedSale, refusal=graphene.Field(RefusalType, resolver=_told))
    extend(inventory.Level, store=graphene.Field(store, resolver=_loaded("store", "store_id")))


_join()


def _answer_field(answer: Any) -> tuple[str, Any]:
    """The name and type of a mutation's answer: `Order` → `order`, `Levels` → `levels`."""
    if answer is Done:
        return "done", graphene.Boolean()
    name = answer.__name__
    snake = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
    items = _items(answer)
    if items is not None:
        return snake, graphene.List(graphene.NonNull(object_type(items)))
    return snake, graphene.Field(object_type(answer))


@functools.cache
def _items(answer: Any) -> Any:
    """The item type of an answer that is only a list (`items`)."""
    fields = msgspec.structs.fields(answer)
    if len(fields) == 1 and fields[0].name == "items":
        return fields[0].type.__args__[0]
    return None


def _unwrapped(answer: Any) -> Any:
    if isinstance(answer, Done):
        return True
    kind: Any = type(answer)
    return answer.items if _items(kind) is not None else answer


def mutation(command: type[Command[Any]]) -> graphene.Field:
    """The field of a command that changes something."""
    name, field = _answer_field(answer_of(command))
    attributes = {name: field, "refusal": graphene.Field(RefusalType)}
    quotes = QUOTES.get(command, {})
    for named, kind in quotes.items():
        attributes[named] = graphene.Field(
            object_type(kind), description="What it comes to now, with a refusal that it changed."
        )
    payload = type(f"{command.__name__}Payload", (graphene.ObjectType,), attributes)

    async def resolve(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
        context: Context = info.context
        try:
            ready = to_command(command, input)
            call = context.call_unsealed if command in UNSEALED else context.call
            return {name: _unwrapped(await call(ready))}
        except Forbidden as error:
            raise fault(error, context.language) from error
        except Refusal as error:
            found = {named: _quote(error, named, kind) for named, kind in quotes.items()}
            return {"refusal": describe(error, context.language), **found}
        except Exception as error:
            raise fault(error, context.language) from error

    return graphene.Field(
        graphene.NonNull(payload),
        input=graphene.Argument(graphene.NonNull(input_type(command))),
        resolver=resolve,
        description=inspect.getdoc(command),
    )


def _quote(refusal: Refusal, named: str, kind: Any) -> Any:
    encoded = refusal.parameters.get(named)
    return msgspec.json.decode(encoded, type=kind) if encoded else None


def query(command: type[Command[Any]]) -> graphene.Field:
    """The field of a command that only reads."""
    answer = answer_of(command)
    paged = getattr(answer, "__origin__", None) is Page
    if paged:
        kind: Any = graphene.NonNull(connection_type(answer.__args__[0]))
    elif _items(answer) is not None:
        inner = object_type(_items(answer))
        kind = graphene.NonNull(graphene.List(graphene.NonNull(inner)))
    else:
        kind = object_type(answer)

    async def resolve(_root: Any, info: Any, **values: Any) -> Any:
        context: Context = info.context
        try:
            result = await context.call(to_command(command, values))
        except Exception as error:
            raise fault(error, context.language) from error
        return connection(result, values.get("after")) if paged else _unwrapped(result)

    return graphene.Field(
        kind, args=arguments(command), resolver=resolve, description=inspect.getdoc(command)
    )
