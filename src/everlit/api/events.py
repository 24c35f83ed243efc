"""The event log, read-only."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from everlit.api.context import TheApp, json_response
from everlit.platform.database import reading
from everlit.platform.events import history

router = APIRouter(prefix="/api/events", tags=["events"])


@router.get("", summary="Events of a subject, or all, newest first")
def list_events(
    app: TheApp,
    subject: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Who changed what, in which role, when."""
    with reading(app.engine) as connection:
        found = history(connection, subject=subject, after=after, limit=limit, newest=True)
    return json_response([event.as_json() for event in found])
