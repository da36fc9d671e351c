"""Settings of the gallery explorer."""

from typing import Annotated

from annotated_types import Gt, Le

from streid.stage.settings import READ, Count, Pixels, Section


class ExplorerSettings(Section):
    """The gallery explorer beside the report."""

    queries: Count = 1500
    """most queries in explorer.html: half of them the hardest, the others drawn at random"""
    thumbnail_height: Pixels = 128
    """height of its pictures, pixels"""
    megabytes: Annotated[float, Gt(0), Le(1000), READ] = 25.0
    """largest size of the page; queries that do not fit are left out"""
