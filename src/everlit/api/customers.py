"""Customers over HTTP: files in, masked lists out, contact data in clear for a reason."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, UploadFile
from pydantic import BaseModel, Field

from everlit.api.context import TheActor, TheApp, TheNetwork, json_response

router = APIRouter(prefix="/api/customers", tags=["customers"])
AccountId = Annotated[str, Path(max_length=100)]


class Reading(BaseModel):
    """Why contact data is needed; it is recorded with who read it."""

    why: Annotated[str, Field(min_length=1, max_length=200)]


@router.get("", summary="Accounts of a network")
def page(
    app: TheApp,
    network: TheNetwork,
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Where each hangs, how sure that is, its priority; contact data masked."""
    return json_response(app.customers.page(network, offset=offset, limit=limit))


@router.post("/import", summary="Import accounts, contacts or both from CSV files")
def import_files(
    app: TheApp,
    actor: TheActor,
    network: TheNetwork,
    accounts: UploadFile | None = None,
    contacts: UploadFile | None = None,
) -> Response:
    """Usable rows are kept in one transaction, faulty ones are told; an account that is there gets the new content."""
    files = {
        kind: part.file.read() for kind, part in (("accounts", accounts), ("contacts", contacts)) if part is not None
    }
    return json_response(app.customers.import_files(network, **files, actor=actor).as_json(), 201)


@router.post("/{account_id}/contact", summary="Contact data of an account in clear")
def contact(app: TheApp, actor: TheActor, network: TheNetwork, account_id: AccountId, reading: Reading) -> Response:
    """Of its holder and of whoever receives for it; who read it and why is an event."""
    return json_response(app.customers.contact_data(network, account_id, why=reading.why, actor=actor))
