"""API clients: systems of others that call with a secret of their own, in one role, in a scope."""

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.directory import credentials, identity, scope
from services.directory.models import Client
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import Refusal
from shared.seal import Caller
from shared.service import Transaction


def create_client(
    session: Session, caller: Caller, command: contract.CreateClient
) -> contract.ClientCreated:
    """Make a client, or a new secret for it, which ends the old one.

    Raises `Refusal`: UNKNOWN_PARENT, ID_TAKEN; `Forbidden`.
    """
    scope.require_within(session, caller, command.scope_kind, command.scope_id)
    secret = credentials.new_secret()
    digest = credentials.digest(secret)
    content = {
        "name": command.name,
        "scope_kind": command.scope_kind.value,
        "scope_id": command.scope_id,
    }
    version = session.scalar(
        insert(Client)
        .values(id=command.id, secret_digest=digest, **content)
        .on_conflict_do_nothing()
        .returning(Client.version)
    )
    if version is None:
        same = [getattr(Client, name) == value for name, value in content.items()]
        version = session.scalar(
            update(Client)
            .where(Client.id == command.id, *same)
            .values(secret_digest=digest, version=Client.version + 1)
            .returning(Client.version)
        )
    if version is None:
        raise Refusal("ID_TAKEN")
    event = contract.OrganisationChanged(kind="client", id=command.id)
    outbox.emit(session, (event, command.id, version))
    return contract.ClientCreated(id=command.id, client_secret=secret)


def sign_in_client(transaction: Transaction, command: contract.SignInClient) -> contract.SignedIn:
    """Client credentials; without a refresh token. Raises `Refusal("CLIENT_REJECTED")`."""
    with transaction() as session:
        client = session.get(Client, command.client_id)
        stored = client.secret_digest if client else None
        genuine = credentials.matches(stored, command.client_secret)
        if client is not None:
            identity.observe(session, "successful" if genuine else "failed", client.id)
    if client is None or not genuine:
        raise Refusal("CLIENT_REJECTED")
    return contract.SignedIn(identity=identity.of_client(client))
