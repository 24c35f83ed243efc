"""`everlit serve`: the control room, on loopback only until identities exist."""

import ipaddress
from contextlib import suppress
from enum import StrEnum
from threading import Thread
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from everlit.api.sending import draining, sending, together
from everlit.api.signals import create_intake
from everlit.app import App
from everlit.kernel import Finding, Refusal, Text
from everlit.web import create_site
from everlit.web.years_kept import read_ahead


class Part(StrEnum):
    """What of the product a process serves."""

    INTAKE = "intake"
    ALL = "all"


class UnableToServe(Refusal):
    """The address is not a loopback address."""

    title = Text(en="The server listens on this machine only.", zh="服务只监听本机。")


def add_to(application: typer.Typer) -> None:
    """Add the command."""
    application.command("serve")(serve)


def serve(
    host: Annotated[str, typer.Option(help="Loopback address. 本机地址。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port. 端口。")] = 8000,
    network: Annotated[str, typer.Option("--network", "-n", help="Network shown first. 首先显示的网络。")] = "urban",
    send: Annotated[bool, typer.Option(help="Send notices that are due. 发送到期通知。")] = True,
    part: Annotated[
        Part, typer.Option("--part", help="The intake of signals alone, or everything. 仅信号接入,或全部。")
    ] = Part.ALL,
) -> None:
    """Serve the control room and the API on this machine, send the notices that are due, and drain the spool of signals; or
    the intake alone, which needs no database. 启动控制室。"""
    if host != "localhost" and not _is_loopback(host):
        text = Text(
            en=f"{host} is not a loopback address; accounts do not exist yet.", zh=f"{host} 不是本机地址;尚无账户体系。"
        )
        raise UnableToServe(Finding("serve.address", host, text))
    if part is Part.INTAKE:
        alone = create_intake(App.open(needed=False), network=network)
        uvicorn.run(alone, host=host, port=port, log_level="warning")
        return
    app = App.open()
    beside = together(draining(app), *([sending(app)] if send else []))
    site = create_site(app, network=network, lifespan=beside)
    Thread(target=_read_ahead, args=(site, app, network), daemon=True).start()
    uvicorn.run(site, host=host, port=port, log_level="warning")


def _read_ahead(site: FastAPI, app: App, network: str) -> None:
    """What cannot be read ahead is told when somebody asks for it."""
    with suppress(Refusal):
        read_ahead(site, app, network)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
