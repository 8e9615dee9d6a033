"""Moments as a shop tells them: by the clock on the store's wall."""

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_of(store: dict[str, str] | None) -> tzinfo:
    """The store's zone; UTC on a device without the table of zones."""
    try:
        return ZoneInfo((store or {}).get("timeZone", "Asia/Shanghai"))
    except ZoneInfoNotFoundError:
        return UTC


def today(store: dict[str, str] | None) -> date:
    return datetime.now(zone_of(store)).date()


def at(moment: str | None, store: dict[str, str] | None) -> str:
    """An ISO moment → ``14:05`` of today, ``03-21 14:05`` of this year, else with the year."""
    if not moment:
        return ""
    local = datetime.fromisoformat(moment).astimezone(zone_of(store))
    now = today(store)
    if local.date() == now:
        return local.strftime("%H:%M")
    return local.strftime("%m-%d %H:%M" if local.year == now.year else "%Y-%m-%d %H:%M")


def sold_at(order: dict[str, str], store: dict[str, str] | None) -> str:
    """When an order was sold: of another day than it was booked, that day."""
    booked = order["placedAt"]
    if booked:
        local = datetime.fromisoformat(booked).astimezone(zone_of(store))
        if local.date().isoformat() == order["businessDate"]:
            return at(booked, store)
    year, _, day = order["businessDate"].partition("-")
    return day if int(year) == today(store).year else order["businessDate"]
