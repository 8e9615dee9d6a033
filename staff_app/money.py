"""Money as it is shown and typed: whole minor units in, words out. Never a float."""

SIGNS = {"CNY": "¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "MOP": "MOP$", "TWD": "NT$", "USD": "$"}
MINOR_DIGITS = {
    **dict.fromkeys(["CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"], 0),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
"""Of a currency that does not have two. Both tables are those of the server (`shared.money`)."""
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
    return _whole(money(minor, currency), currency)


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
    return _whole(digits(minor, currency).replace(",", ""), currency)


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


def _whole(text: str, currency: str) -> str:
    """Without a fraction of nothing."""
    return text.removesuffix("." + "0" * MINOR_DIGITS.get(currency, 2))
