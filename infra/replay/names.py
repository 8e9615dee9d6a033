"""The ids that things of the data have in the installation: the same in every run."""

from infra.trial import id_of

NAME = "replay"


def order(basket: int) -> str:
    return id_of(NAME, "basket", basket)


def store(number: int) -> str:
    return id_of(NAME, "store", number)


def member(card: int) -> str:
    return id_of(NAME, "member", card)


def code(product: int) -> str:
    return f"{NAME}-{product}"


def sku(product: int) -> str:
    return id_of(code(product))


def style(product: int) -> str:
    return id_of(code(product), "style")
