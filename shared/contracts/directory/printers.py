"""The receipt printers of stores."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from shared.contracts import Command, Event, Message, Sentence

PaperWidth = Literal["mm58", "mm80"]
"""Of the roll."""
PrinterCharacters = Literal["gb18030", "picture"]
PrinterPort = Annotated[int, Meta(ge=9_100, le=9_109)]
"""Raw printing (JetDirect) and nothing else: whoever may set a printer must not reach a database or
a web server by it."""

ERRORS = {
    "PRINTER_ADDRESS": Sentence(
        zh="“{address}”不是门店内网的打印机地址，请填内网 IP（如 192.168.1.50）",
        en="“{address}” is no address of a printer in the store's own network, as 192.168.1.50 is",
    ),
    "NO_PRINTER": Sentence(
        zh="这家门店还没有设置小票打印机，请店长在设置里填写",
        en="This store has no receipt printer yet; a manager can set one up in the settings",
    ),
    "PRINTER_UNREACHABLE": Sentence(
        zh="打印机 {address} 没有回应，请检查电源、网线和纸，再按一次",
        en="The printer {address} does not answer: check power, cable and paper, and press again",
    ),
}


class Printer(Message, frozen=True, kw_only=True):
    """A printer as one level has it: the device's own, or, without `device_id`, the store's.

    `address` is an IP address in the store's own network; None: there is no printer any more.
    `characters`: whether it knows Chinese (GB 18030), or gets everything as a picture. `drawer`: a
    cash drawer hangs on it, and opens for cash.
    """

    store_id: UUID
    device_id: UUID | None
    version: int
    address: str | None
    port: int
    paper: PaperWidth
    characters: PrinterCharacters
    drawer: bool
    author_id: UUID
    valid_from: datetime


class Printers(Message, frozen=True, kw_only=True):
    items: list[Printer]


class SavePrinter(Command[Printer], frozen=True, kw_only=True):
    """Say which printer a store has, or one device of it. The next version; the same again gets the
    same answer.

    Refusals: PRINTER_ADDRESS (not an IP address within PRINTER_NETWORKS), UNKNOWN_DEVICE (of this
    store), UNKNOWN_STORE, STORE_CLOSED, ID_TAKEN.
    """

    id: UUID
    store_id: UUID
    device_id: UUID | None = None
    address: Annotated[str, Meta(max_length=45)] | None = None
    port: PrinterPort = 9_100
    paper: PaperWidth = "mm80"
    characters: PrinterCharacters = "gb18030"
    drawer: bool = False


class ListPrinters(Command[Printers], frozen=True, kw_only=True):
    """The printer in force for a device first: its own, else the store's; none: an empty list.
    Without a device, the store's."""

    store_id: UUID
    device_id: UUID | None = None


class PrinterSaved(Event, frozen=True, kw_only=True):
    """A store or device has another printer, or none. Subject: the device, or the store; sequence:
    `version`."""

    type: ClassVar[str] = "directory.printer_saved"
    store_id: UUID
    device_id: UUID | None
    version: int
    address: str | None
    port: int
