"""API clients: systems of others that call with a secret of their own, in one role, in a scope."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.directory import credentials, identity, scope
from services.directory.models import Client
from shared import outbox
from shared.contracts import directory as contract
from shared.errors import Forbidden, Refusal
from shared.seal import Caller, ScopeKind
from shared.service import Transaction

LIST_LIMIT = 1_000


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


def deactivate_client(
    session: Session, caller: Caller, command: contract.DeactivateClient
) -> contract.Client:
    """Take its secret from a client; without one already, nothing changes.

    Raises `Refusal("UNKNOWN_CLIENT")`, `Forbidden("FORBIDDEN_SCOPE")`.
    """
    client = session.get(Client, command.id, with_for_update=True, populate_existing=True)
    if client is None:
        raise Refusal("UNKNOWN_CLIENT")
    if not scope.contains(session, caller, ScopeKind(client.scope_kind), client.scope_id):
        raise Forbidden("FORBIDDEN_SCOPE")
    if client.secret_digest is not None:
        client.version += 1
        client.secret_digest = None
        session.flush()
        event = contract.OrganisationChanged(kind="client", id=client.id, active=False)
        outbox.emit(session, (event, client.id, client.version))
    return _shown(client)


def list_clients(session: Session, caller: Caller) -> contract.Clients:
    """The API clients whose scope lies within the caller's, by name."""
    query = select(Client).where(scope.holders_within(Client, caller))
    query = query.order_by(Client.name, Client.id).limit(LIST_LIMIT)
    return contract.Clients(items=[_shown(client) for client in session.scalars(query)])


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


def _shown(client: Client) -> contract.Client:
    return contract.Client(
        id=client.id,
        name=client.name,
        scope_kind=ScopeKind(client.scope_kind),
        scope_id=client.scope_id,
        active=client.secret_digest is not None,
    )
