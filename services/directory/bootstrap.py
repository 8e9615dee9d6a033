"""The first administrator of a new installation, who makes everybody else."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from services.directory import credentials, staff
from services.directory.models import Staff
from shared.contracts.directory import SaveStaff
from shared.ids import new_id
from shared.seal import Role, ScopeKind
from shared.service import Transaction

NUMBER = "admin"


class BootstrapSettings(BaseSettings):
    """The password of the first administrator; without one, none is made."""

    model_config = SettingsConfigDict(env_ignore_empty=True, hide_input_in_errors=True)

    bootstrap_admin_password: SecretStr | None = Field(default=None, min_length=10, max_length=200)


def create_administrator(transaction: Transaction, password: SecretStr | None) -> bool:
    """Make the administrator if there is no staff at all; whether it was made.

    Every replica tries at its start; the lock on staff lets one of them be first.
    """
    with transaction() as session:
        if password is None or _has_staff(session):
            return False
    hashed = credentials.hash_secret(password.get_secret_value())
    with transaction() as session:
        staff.lock(session)
        if _has_staff(session):
            return False
        command = SaveStaff(
            id=new_id(),
            number=NUMBER,
            name="Administrator",
            roles=frozenset({Role.HQ_ADMINISTRATOR}),
            scope_kind=ScopeKind.CHAIN,
        )
        staff.save(session, command, {"password_hash": hashed})
    return True


def _has_staff(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(Staff.id.is_not(None)))))
