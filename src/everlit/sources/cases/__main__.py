"""`python -m everlit.sources.cases [--check]`: make the networks from the literature again."""

import sys

from everlit.sources.cases.mapping import convert_papers
from everlit.sources.cases.matpower_case import convert_case533
from everlit.sources.cases.reliability_case import convert_rbts2
from everlit.sources.folder import convert_main

if __name__ == "__main__":
    sys.exit(convert_main(lambda: [*convert_papers(), convert_rbts2(), convert_case533()]))
