"""Fault location over HTTP: signals in, places, devices, reasons and what would decide it out."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response, UploadFile
from pydantic import BaseModel, Field

from everlit.api.context import Instant, TheApp, TheNetwork, json_response
from everlit.app import App
from everlit.faults.reading import Read, read_signals, signals_of

router = APIRouter(prefix="/api/faults", tags=["faults"])
Uniform = Annotated[bool, Query(description="All places equally likely beforehand.")]
MOST_SIGNALS = 200_000


class Said(BaseModel):
    """Signals as records with the columns of a signal file."""

    signals: Annotated[list[dict[str, Any]], Field(max_length=MOST_SIGNALS)]


@router.post("/locate", summary="Where the fault is, from signals")
def locate(
    app: TheApp, network: TheNetwork, said: Said, at: Instant | None = None, uniform: Uniform = False
) -> Response:
    """Places and devices with their probability and reasons, as known at an instant; faulty records are findings."""
    return _located(app, network, signals_of(list(enumerate(said.signals, 1))), at, uniform=uniform)


@router.post("/locate/file", summary="Where the fault is, from a file of signals: CSV, XLSX, Parquet or JSON")
def locate_file(
    app: TheApp, network: TheNetwork, file: UploadFile, at: Instant | None = None, uniform: Uniform = False
) -> Response:
    """As `POST /api/faults/locate`."""
    read = read_signals(file.file.read(), name=file.filename or "signals.csv")
    return _located(app, network, read, at, uniform=uniform)


@router.get("/locate", summary="Where the fault is, from the signals of the log")
def locate_logged(app: TheApp, network: TheNetwork, at: Instant | None = None, uniform: Uniform = False) -> Response:
    """As `POST /api/faults/locate`, with what the log knew at that instant."""
    signals = tuple(app.faults.evidence(network, at=at))
    return _located(app, network, Read(signals, (), len(signals)), at, uniform=uniform)


def _located(app: App, network: str, read: Read, at: Instant | None, *, uniform: bool) -> Response:
    located, unknown = app.faults.locate(network, read.signals, at=at, uniform=uniform)
    findings = [finding.as_json() for finding in (*read.findings, *unknown)]
    return json_response({**located.as_json(), "rows": read.checked, "findings": findings})
