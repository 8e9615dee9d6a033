"""Refusals in words: the sentences of the contracts, filled, in zh-CN and en."""

from typing import Any

import graphene
from graphql import GraphQLError

from gateway.mapping import Pair
from shared.contracts import COMMON_ERRORS, SERVICES, Sentence, errors_of
from shared.errors import Forbidden, Refusal, Unavailable

_UNSPOKEN = Sentence(zh="无法完成此操作", en="This could not be done")


def catalogue() -> dict[str, Sentence]:
    """All codes with their sentences."""
    sentences = dict(COMMON_ERRORS)
    for service in SERVICES:
        sentences.update(errors_of(service))
    return sentences


_SENTENCES = catalogue()


class RefusalType(graphene.ObjectType):
    """An expected 'no': nothing was changed. `message` is in the language of Accept-Language."""

    class Meta:
        name = "Refusal"

    code = graphene.NonNull(graphene.String)
    message = graphene.NonNull(graphene.String)
    message_zh = graphene.NonNull(graphene.String)
    message_en = graphene.NonNull(graphene.String)
    parameters = graphene.NonNull(graphene.List(graphene.NonNull(Pair)))


def describe(refusal: Refusal, language: str) -> dict[str, Any]:
    """A refusal as the value of `RefusalType`."""
    zh, en = _SENTENCES.get(refusal.code, _UNSPOKEN).said(refusal.parameters)
    return {
        "code": refusal.code,
        "message": zh if language.lower().startswith("zh") else en,
        "message_zh": zh,
        "message_en": en,
        "parameters": [
            {"name": name, "value": str(value)} for name, value in refusal.parameters.items()
        ],
    }


def fault(error: Exception, language: str) -> GraphQLError:
    """A refused query, a missing right or an outage as an entry of `errors`."""
    if isinstance(error, Unavailable):
        error = Refusal("UNAVAILABLE", {"service": error.service})
    if isinstance(error, Forbidden) and error.code == "UNSEALED":
        error = Refusal("UNAUTHENTICATED")
    if not isinstance(error, Refusal):
        return GraphQLError(
            "Something went wrong on our side", extensions={"code": "INTERNAL"},
            original_error=error,
        )  # fmt: skip
    described = describe(error, language)
    return GraphQLError(
        described["message"],
        extensions={
            "code": error.code,
            "kind": "FORBIDDEN" if isinstance(error, Forbidden) else "REFUSED",
            "messageZh": described["message_zh"],
            "messageEn": described["message_en"],
            "parameters": {pair["name"]: pair["value"] for pair in described["parameters"]},
        },
    )
