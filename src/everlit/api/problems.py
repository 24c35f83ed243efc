"""Refusals become problem documents (RFC 9457): type, title, status, detail, and the findings in both languages."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from everlit.kernel import Finding, Refusal, Text

MEDIA_TYPE = "application/problem+json"
NOT_FOUND_KINDS = (".unknown", ".missing")
CONFLICT_KINDS = (".fresh", ".stale", ".conflict", ".state", ".assessed")
FORBIDDEN_KINDS = (".role", ".separation", ".separation_plan")
UNAVAILABLE_KINDS = (".unavailable",)


def problem(status: int, title: Text, findings: Sequence[Finding] = (), kind: str = "refused") -> JSONResponse:
    """One problem document."""
    body = {
        "type": f"urn:everlit:problem:{kind}",
        "title": title.en,
        "title_zh": title.zh,
        "status": status,
        "detail": "; ".join(finding.message.en for finding in findings) or title.en,
        "detail_zh": ";".join(finding.message.zh for finding in findings) or title.zh,
        "findings": [finding.as_json() for finding in findings],
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def status_of(refusal: Refusal) -> int:
    """404 for what does not exist, 409 for what changed meanwhile, 403 for the wrong role, 503 for what is out of reach, else 422."""
    kinds = [finding.kind for finding in refusal.findings]
    known = ((404, NOT_FOUND_KINDS), (409, CONFLICT_KINDS), (403, FORBIDDEN_KINDS), (503, UNAVAILABLE_KINDS))
    for status, endings in known:
        if any(kind.endswith(endings) for kind in kinds):
            return status
    return 422


def install(api: FastAPI) -> None:
    """Answer every kind of failure with a problem document."""

    @api.exception_handler(Refusal)
    async def refused(_request: Request, refusal: Refusal) -> JSONResponse:
        return problem(status_of(refusal), refusal.title, refusal.findings, type(refusal).__name__)

    @api.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(
            422, Text(en="The request is not valid.", zh="请求无效。"), [_finding(e) for e in error.errors()], "invalid"
        )

    @api.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        words = {404: Text("Not found.", "未找到。"), 405: Text("Method not allowed.", "不支持该方法。")}
        return problem(error.status_code, words.get(error.status_code, Text(str(error.detail), str(error.detail))))

    @api.exception_handler(Exception)
    async def failed(_request: Request, _error: Exception) -> JSONResponse:
        return problem(500, Text("An internal error was logged.", "内部错误,已记录。"), kind="internal")


def _finding(error: dict[str, Any]) -> Finding:
    place = ".".join(str(part) for part in error.get("loc", ()))
    message = str(error.get("msg", "invalid"))
    return Finding("request.field", place, Text(en=f"{place}: {message}", zh=f"{place}:{message}"))
