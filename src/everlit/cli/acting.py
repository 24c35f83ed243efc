"""Who acts, as the command line names it: a person and a role, for every command that changes something.

The person is `--actor`, else the setting EVERLIT_ACTOR, else the user of the operating system; never the role.
"""

import getpass
import os
from typing import Annotated

import typer

from everlit.planning.model import Role
from everlit.platform.events import Actor, UnableToAct, nameless

ActorName = Annotated[
    str,
    typer.Option("--actor", help="Who acts; $EVERLIT_ACTOR, else the user of the system. 操作人。", show_default=False),
]
ActorRole = Annotated[Role, typer.Option("--role", help="In which role. 角色。")]
Reason = Annotated[str, typer.Option("--reason", help="Why, where a reason is asked for. 原因。")]


def acting(name: str, role: Role) -> Actor:
    """The acting person in a role; raises UnableToAct when nobody is named, or by what is no name."""
    shown = name.strip() or os.environ.get("EVERLIT_ACTOR", "").strip() or _user()
    if (reason := nameless(shown)) is not None:
        raise UnableToAct(reason)
    return Actor(shown, role.value)


def _user() -> str:
    """The name the operating system knows; empty where it knows none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
