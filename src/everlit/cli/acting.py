"""Who acts, as the command line names it: a person and a role, for every command that changes something."""

from typing import Annotated

import typer

from everlit.api.context import UnableToAct
from everlit.kernel import Finding, Text
from everlit.planning.model import Role
from everlit.platform.events import Actor

LONGEST_NAME = 100
ActorName = Annotated[str, typer.Option("--actor", help="Who acts. 操作人。")]
ActorRole = Annotated[Role, typer.Option("--role", help="In which role. 角色。")]
Reason = Annotated[str, typer.Option("--reason", help="Why, where a reason is asked for. 原因。")]


def acting(name: str, role: Role) -> Actor:
    """The acting person; without a name, the role speaks for itself. Raises UnableToAct for a name that is none."""
    shown = name.strip() or role.value
    if len(shown) > LONGEST_NAME or not shown.isprintable():
        words = Text(en=f"A name has at most {LONGEST_NAME} letters.", zh=f"姓名最多{LONGEST_NAME}字。")
        raise UnableToAct(Finding("actor.name", shown[:LONGEST_NAME], words))
    return Actor(shown, role.value)
