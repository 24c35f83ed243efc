"""`python -m everlit.sources.simbench [--check]`: make the city `urban` again."""

import sys

from everlit.sources.folder import convert_main
from everlit.sources.simbench.mapping import convert

if __name__ == "__main__":
    sys.exit(convert_main(lambda: [convert()]))
