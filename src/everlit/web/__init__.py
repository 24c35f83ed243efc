"""The control room (控制室): pages by capability, rendered here, made lively by TypeScript islands from `web/`."""

from everlit.web.site import create_site

__all__ = ["create_site"]
