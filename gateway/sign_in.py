"""Signing in and out: the only mutations without a caller. Tokens are minted here."""

import inspect
from typing import Any

import graphene

from gateway.context import Context
from gateway.mapping import input_type, object_type, to_command
from gateway.refusals import RefusalType, describe, fault
from shared.contracts import Command
from shared.contracts.directory import (
    Identity,
    Refresh,
    SignInClient,
    SignInWithPassword,
    SignInWithPin,
    SignOut,
)
from shared.errors import Refusal


class SignInPayload(graphene.ObjectType):
    """`accessToken` goes into `Authorization: Bearer`; `refreshToken` works once. `storageKey`, of
    a sign-in with a PIN, opens what the device keeps."""

    access_token = graphene.String()
    refresh_token = graphene.String()
    expires_in_seconds = graphene.Int()
    storage_key = graphene.String()
    identity = graphene.Field(object_type(Identity))
    refusal = graphene.Field(RefusalType)


class SignOutPayload(graphene.ObjectType):
    done = graphene.Boolean()
    refusal = graphene.Field(RefusalType)


def _field(command: type[Command[Any]], payload: Any, answer: Any) -> graphene.Field:
    async def resolve(_root: Any, info: Any, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002
        context: Context = info.context
        try:
            signed_in = await context.call_unsealed(to_command(command, input))
        except Refusal as error:
            return {"refusal": describe(error, context.language)}
        except Exception as error:
            raise fault(error, context.language) from error
        made: dict[str, Any] = answer(context, signed_in)
        return made

    return graphene.Field(
        graphene.NonNull(payload),
        input=graphene.Argument(graphene.NonNull(input_type(command))),
        resolver=resolve,
        description=inspect.getdoc(command),
    )


def _signed_in(context: Context, answer: Any) -> dict[str, Any]:
    return {
        "access_token": context.tokens.mint(answer.identity),
        "refresh_token": answer.refresh_token,
        "expires_in_seconds": context.tokens.seconds,
        "storage_key": answer.storage_key,
        "identity": answer.identity,
    }


FIELDS = {
    "sign_in_with_pin": _field(SignInWithPin, SignInPayload, _signed_in),
    "sign_in_with_password": _field(SignInWithPassword, SignInPayload, _signed_in),
    "sign_in_client": _field(SignInClient, SignInPayload, _signed_in),
    "refresh": _field(Refresh, SignInPayload, _signed_in),
    "sign_out": _field(SignOut, SignOutPayload, lambda _context, _answer: {"done": True}),
}
