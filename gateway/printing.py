"""Sending to receipt printers: raw bytes over TCP, into the stores' networks and nowhere else."""

import asyncio
from collections import defaultdict

import structlog

from shared.contracts.directory.printers import Printer
from shared.errors import Refusal
from shared.settings import PrinterSettings

log = structlog.get_logger()
CONNECT_SECONDS = 3.0
SEND_SECONDS = 12.0


class Printing:
    """`networks` are those of `PrinterSettings`: looked at again here, since it is here that a
    connection is made."""

    def __init__(self, networks: PrinterSettings) -> None:
        self._networks = networks
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def send(self, printer: Printer, job: bytes) -> None:
        """Print; raises `Refusal`: PRINTER_ADDRESS, PRINTER_UNREACHABLE.

        A printer takes one connection at a time: jobs of this process wait for each other.
        """
        address, port = printer.address or "", printer.port
        if not self._networks.reaches(address):
            raise Refusal("PRINTER_ADDRESS", {"address": address})
        try:
            async with asyncio.timeout(SEND_SECONDS):
                async with self._turns[address, port]:
                    await _send(address, port, job)
        except (TimeoutError, OSError) as error:
            log.warning("printer does not answer", address=address, error=repr(error))
            raise Refusal("PRINTER_UNREACHABLE", {"address": address}) from error


async def _send(address: str, port: int, job: bytes) -> None:
    async with asyncio.timeout(CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(job)
        await writer.drain()
        writer.write_eof()
    finally:
        writer.close()
    await writer.wait_closed()
