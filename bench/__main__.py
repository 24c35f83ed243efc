"""`./run bench [--json] [--only NAME] [--write] [--list]`: measure, and exit 0 only when every bar holds."""

import argparse
import sys
import time

from bench import report
from bench.harness import ROOT, Measurement, UnableToMeasure, chosen, discover


def main() -> int:
    """Run the chosen benchmarks, one after the other, and show their figures."""
    words = arguments()
    try:
        benchmarks = chosen(discover(), words.only)
    except UnableToMeasure as refusal:
        print(refusal, file=sys.stderr)
        return 2
    if words.list:
        for each in benchmarks:
            print(f"{each.area}/{each.name}  {each.about}")
        return 0
    results: dict[str, list[Measurement]] = {}
    for each in benchmarks:
        began = time.monotonic()
        print(f"bench ▸ {each.area}/{each.name} …", file=sys.stderr, flush=True)
        results[each.name] = each.run()
        print(f"bench ▸   {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    figures = [figure for each_result in results.values() for figure in each_result]
    print(report.as_json(figures)) if words.json else report.print_table(figures)
    if words.write:
        report.write_page(results)
        print(f"bench ▸ {report.PAGE.relative_to(ROOT)} written", file=sys.stderr)
    return 0 if all(figure.holds for figure in figures) else 1


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as a JSON list")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="an area, or the beginning of a name"
    )
    parser.add_argument("--write", action="store_true", help="write docs/reference/benchmarks.md")
    parser.add_argument("--list", action="store_true", help="only list the benchmarks")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
