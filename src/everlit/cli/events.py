"""`everlit events [SUBJECT]`: who changed what, in which role, when."""

from typing import Annotated

import typer

from everlit.app import App
from everlit.cli.output import Json, show, table
from everlit.platform.database import reading
from everlit.platform.events import history

SUBJECT = "Such as outage:O-310510-R1, request:urban/R1, policy:notice.planned, network/urban; all unless told. 对象。"


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command("events")(events)


def events(
    subject: Annotated[str, typer.Argument(help=SUBJECT)] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most. 最多条数。")] = 100,
    after: Annotated[int, typer.Option(min=0, help="Only those after this number. 起始序号。")] = 0,
    as_json: Json = False,
) -> None:
    """The event log, newest first: who changed what, in which role, when. 操作记录。"""
    app = App.open()
    with reading(app.engine) as connection:
        found = history(connection, subject=subject or None, after=after, limit=limit, newest=True)
    rows = [
        (
            one.seq,
            f"{one.at.astimezone(app.zone):%Y-%m-%d %H:%M:%S}",
            one.actor.name,
            one.actor.role,
            one.kind,
            one.subject,
        )
        for one in found
    ]
    columns = ("number 序号", "when 时间", "who 操作人", "role 角色", "what 事项", "subject 对象")
    show([one.as_json() for one in found], as_json=as_json, people=lambda: table("events 操作记录", columns, rows))
