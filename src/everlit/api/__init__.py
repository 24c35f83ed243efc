"""The JSON API (接口): OpenAPI 3.1, one router per capability, every refusal an RFC 9457 problem with its findings."""

from everlit.api.application import create_api

__all__ = ["create_api"]
