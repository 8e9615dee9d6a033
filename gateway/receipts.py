"""Receipts printed and drawn: what order logs as issued, in the language the customer reads."""

import asyncio
import base64
import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Literal
from uuid import UUID

import graphene

from gateway.context import Context
from gateway.mapping import input_type, to_command
from gateway.printing import Printing
from gateway.receipt_paper import paper
from gateway.receipt_picture import png
from gateway.receipt_rows import Facts, Part, parts_of, test_page
from gateway.receipt_words import Words
from gateway.refusals import RefusalType, describe, fault
from shared.contracts import Command
from shared.contracts.directory.printers import ListPrinters, Printer
from shared.contracts.order.receipts import IssueReceipt, ReceiptIssue, ReceiptWay
from shared.errors import Forbidden, Refusal
from shared.seal import MANAGERS
from shared.settings import PrinterSettings

Language = Literal["zh", "en"]


class PrintReceipt(Command[ReceiptIssue], frozen=True, kw_only=True):
    """Print the receipt of an order, or of a return, on the printer of this device or else of the
    store. From the second time on it says that it is a copy. The id is the caller's: what did not
    come out of the printer is printed again with the same one. The drawer, if there is one, opens
    for cash, for the first receipt only.

    Refusals: NO_PRINTER, PRINTER_UNREACHABLE, PRINTER_ADDRESS, and those of `IssueReceipt`.
    """

    id: UUID
    store_id: UUID
    order_id: UUID | None = None
    return_id: UUID | None = None
    language: Language = "zh"


class ShareReceipt(Command[ReceiptIssue], frozen=True, kw_only=True):
    """The receipt of an order, or of a return, as a picture to share: PNG, in base64. Counted and
    marked as printed ones are."""

    id: UUID
    order_id: UUID | None = None
    return_id: UUID | None = None
    language: Language = "zh"


class TestPrinter(Command[ReceiptIssue], frozen=True, kw_only=True):
    """Print a page that shows Chinese, an amount and a QR code; for managers."""

    store_id: UUID
    language: Language = "zh"


class PrintReceiptPayload(graphene.ObjectType):
    """`copy` is 0 for the first receipt of a document."""

    copy = graphene.Int()
    refusal = graphene.Field(RefusalType)


class ShareReceiptPayload(graphene.ObjectType):
    copy = graphene.Int()
    png = graphene.String()
    refusal = graphene.Field(RefusalType)


class TestPrinterPayload(graphene.ObjectType):
    done = graphene.Boolean()
    refusal = graphene.Field(RefusalType)


@functools.cache
def printing() -> Printing:
    """This process's way to the printers."""
    return Printing(PrinterSettings())


async def _print(context: Context, asked: PrintReceipt) -> dict[str, Any]:
    printer = await _printer(context, asked.store_id)
    issue = await _issue(context, asked, "print")
    parts = await _parts(context, issue, asked.language)
    await _put_out(printer, parts, printer.drawer and not issue.copy and _is_cash(issue))
    return {"copy": issue.copy}


async def _share(context: Context, asked: ShareReceipt) -> dict[str, Any]:
    issue = await _issue(context, asked, "share")
    parts = await _parts(context, issue, asked.language)
    picture = await asyncio.to_thread(png, parts)
    return {"copy": issue.copy, "png": base64.b64encode(picture).decode()}


async def _test(context: Context, asked: TestPrinter) -> dict[str, Any]:
    _caller(context).require(MANAGERS)
    printer = await _printer(context, asked.store_id)
    store = await context.load("store", asked.store_id)
    await _put_out(printer, test_page(store, Words(asked.language)), printer.drawer)
    return {"done": True}


def _caller(context: Context) -> Any:
    if context.session is None:
        raise Forbidden("UNSEALED")
    return context.session.caller


async def _printer(context: Context, store_id: UUID) -> Printer:
    device_id = _caller(context).device_id
    found = await context.call(ListPrinters(store_id=store_id, device_id=device_id))
    if not found.items:
        raise Refusal("NO_PRINTER")
    first: Printer = found.items[0]
    return first


async def _issue(
    context: Context, asked: PrintReceipt | ShareReceipt, way: ReceiptWay
) -> ReceiptIssue:
    issue: ReceiptIssue = await context.call(
        IssueReceipt(id=asked.id, way=way, order_id=asked.order_id, return_id=asked.return_id)
    )
    return issue


async def _parts(context: Context, issue: ReceiptIssue, language: str) -> list[Part]:
    """What stands on it; the member's account is asked for where the document does not say."""
    document: Any = issue.order or issue.return_receipt
    told = issue.order is not None and issue.order.balances is not None
    store, staff, account = await asyncio.gather(
        context.load("store", document.store_id),
        context.load("staff", document.staff_id),
        context.load("account", None if told else document.member_id),
    )
    balances = None
    if account is not None:
        wallet = account.wallet_principal_minor + account.wallet_bonus_minor
        balances = (account.points, wallet)
    facts = Facts(store, staff.number if staff else "", balances)
    return parts_of(issue, facts, Words(language))


async def _put_out(printer: Printer, parts: list[Part], open_drawer: bool) -> None:
    job = await asyncio.to_thread(paper, parts, printer.paper, printer.characters, open_drawer)
    await printing().send(printer, job)


def _is_cash(issue: ReceiptIssue) -> bool:
    """Whether money goes into the drawer, or out of it."""
    if issue.order is not None:
        return any(each.kind == "cash" and not each.return_id for each in issue.order.tenders)
    refunds = issue.return_receipt.refunds if issue.return_receipt else []
    return any(each.kind == "cash" and each.amount_minor > each.carried_minor for each in refunds)


def _field(
    command: type[Command[Any]],
    payload: Any,
    work: Callable[[Context, Any], Awaitable[dict[str, Any]]],
) -> graphene.Field:
    async def resolve(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
        context: Context = info.context
        try:
            return await work(context, to_command(command, input))
        except Forbidden as error:
            raise fault(error, context.language) from error
        except Refusal as error:
            return {"refusal": describe(error, context.language)}
        except Exception as error:
            raise fault(error, context.language) from error

    return graphene.Field(
        graphene.NonNull(payload),
        input=graphene.Argument(graphene.NonNull(input_type(command))),
        resolver=resolve,
        description=inspect.getdoc(command),
    )


FIELDS = {
    "print_receipt": _field(PrintReceipt, PrintReceiptPayload, _print),
    "share_receipt": _field(ShareReceipt, ShareReceiptPayload, _share),
    "test_printer": _field(TestPrinter, TestPrinterPayload, _test),
}
