"""Money as it is shown and typed: whole minor units in, words out. Never a float."""

SIGNS = {"CNY": "¥", "HKD": "HK$", "TWD": "NT$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
MINOR_DIGITS = {"JPY": 0}
ENTRY_LIMIT = 10
"""Digits of an amount that can be typed: 99,999,999.99."""


def sign(currency: str) -> str:
    return SIGNS.get(currency, f"{currency} ")


def digits(minor: int, currency: str = "CNY") -> str:
    """26800 → ``268.00``; thousands are grouped."""
    places = MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**places)
    fraction = f".{rest:0{places}d}" if places else ""
    return f"{'-' if minor < 0 else ''}{whole:,}{fraction}"


def money(minor: int, currency: str = "CNY") -> str:
    """26800 → ``¥268.00``, -1000 → ``-¥10.00``."""
    return f"{'-' if minor < 0 else ''}{sign(currency)}{digits(abs(minor), currency)}"


def short(minor: int, currency: str = "CNY") -> str:
    """Without a fraction of nothing: 1000 → ``¥10``, 1050 → ``¥10.50``."""
    text = money(minor, currency)
    return text.removesuffix(".00")


def count(number: int) -> str:
    """Points and pieces: 12000 → ``12,000``."""
    return f"{number:,}"


def typed(entry: str, key: str) -> str:
    """What stands in a field of minor units after one more key of the keypad."""
    if key == "back":
        return entry[:-1]
    if key == "clear":
        return ""
    return (entry + key).lstrip("0")[:ENTRY_LIMIT]


def units(minor: int, currency: str = "CNY") -> str:
    """As it is typed, without sign and groups: 1000000 → ``10000``, 1050 → ``10.50``."""
    return digits(minor, currency).replace(",", "").removesuffix(".00")


def minor_of(text: str, currency: str = "CNY") -> int:
    """What was typed in whole minor units: ``10,000.5`` → 1000050. Raises `ValueError`."""
    places = MINOR_DIGITS.get(currency, 2)
    whole, point, rest = text.strip().replace(",", "").partition(".")
    if not whole.isdecimal() or (point and not rest.isdecimal()) or len(rest) > places:
        raise ValueError(text)
    minor = int(whole + rest.ljust(places, "0"))
    if len(str(minor)) > ENTRY_LIMIT:
        raise ValueError(text)
    return minor
