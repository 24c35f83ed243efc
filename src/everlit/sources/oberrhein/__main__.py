"""`python -m everlit.sources.oberrhein [--check]`: make the city `ortenau` again."""

import sys

from everlit.sources.folder import convert_main
from everlit.sources.oberrhein.mapping import convert

if __name__ == "__main__":
    sys.exit(convert_main(lambda: [convert()]))
