"""Moments as a shop tells them: by the clock on the store's wall."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(store: dict[str, str] | None) -> tzinfo:
    """The store's zone; UTC on a device without the table of zones."""
    try:
        return ZoneInfo((store or {}).get("timeZone", "Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        return UTC


_ahead = timedelta()
"""What has to be added to this device's clock."""


def correct(server_now: str) -> None:
    """Go by the system's clock from now on, as it was told in ISO 8601: a device may be a day off,
    and then its own today is not the store's."""
    global _ahead
    _ahead = datetime.fromisoformat(server_now) - datetime.now(UTC)


def now() -> datetime:
    return datetime.now(UTC) + _ahead


def told_here(seconds: float) -> str:
    """What this device's clock told, in seconds since the epoch, as the right instant."""
    return (datetime.fromtimestamp(seconds, UTC) + _ahead).isoformat()


def today(store: dict[str, str] | None) -> date:
    return now().astimezone(zone_of(store)).date()


def day(moment: str, store: dict[str, str] | None) -> str:
    """The day of an instant by the store's clock, as ``2026-03-21``."""
    return datetime.fromisoformat(moment).astimezone(zone_of(store)).date().isoformat()


def last_day(moment: str, store: dict[str, str] | None) -> tuple[date, bool]:
    """The last day that has something of the time before an instant, and whether it is all of it:
    what is due by midnight is due on the day that ends then."""
    local = datetime.fromisoformat(moment).astimezone(zone_of(store))
    whole = local.time() == time()
    return (local.date() - timedelta(days=1) if whole else local.date()), whole


def at(moment: str | None, store: dict[str, str] | None) -> str:
    """An ISO moment → ``14:05`` of today, ``03-21 14:05`` of this year, else with the year."""
    if not moment:
        return ""
    local = datetime.fromisoformat(moment).astimezone(zone_of(store))
    here = today(store)
    if local.date() == here:
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == here.year else "%Y-%m-%d %H:%M")


def sold_at(order: dict[str, str], store: dict[str, str] | None) -> str:
    """When an order was sold: of another day than it was booked, that day."""
    booked = order["placedAt"]
    if booked:
        local = datetime.fromisoformat(booked).astimezone(zone_of(store))
        if local.date().isoformat() == order["businessDate"]:
            return at(booked, store)
    year, _, day = order["businessDate"].partition("-")
    return day if int(year) == today(store).year else order["businessDate"]
