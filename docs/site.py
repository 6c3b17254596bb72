"""A hook of mkdocs: what the pages link to outside of `docs/` is not part of the site, and is in the repository."""

from typing import Any

REPOSITORY = "https://github.com/rstats-arrow/rstats/blob/main/"


def on_page_markdown(markdown: str, **_: Any) -> str:
    return markdown.replace("](../", f"]({REPOSITORY}")
