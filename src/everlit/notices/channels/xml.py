"""XML as the feeds write it: a tree of elements in one default namespace, every text cleaned of what XML 1.0 forbids.

Names are ours and fixed; only texts come from outside, and those are escaped by the standard library.

>>> tree = element("alert", "urn:x", element("note", "urn:x", "a < b & c\\x07"))
>>> print(document(tree, "urn:x").decode())
<?xml version='1.0' encoding='UTF-8'?>
<alert xmlns="urn:x"><note>a &lt; b &amp; c</note></alert>
"""

from io import BytesIO
from xml.etree.ElementTree import Element, ElementTree

from everlit.notices.channels.clean import plain


def element(name: str, namespace: str, *content: "Element | str | None") -> Element:
    """An element with texts and elements in it; None is left out."""
    made = Element(f"{{{namespace}}}{name}")
    for part in content:
        if isinstance(part, str):
            made.text = (made.text or "") + plain(part)
        elif part is not None:
            made.append(part)
    return made


def document(root: Element, namespace: str) -> bytes:
    """The document in UTF-8 with its declaration."""
    written = BytesIO()
    ElementTree(root).write(written, "UTF-8", xml_declaration=True, default_namespace=namespace)
    return written.getvalue()
