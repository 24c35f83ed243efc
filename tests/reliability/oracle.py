"""The slow oracle: every index counted with lists, dictionaries and fractions, straight from the definitions.

Nothing here is shared with the program. An interruption is a list of rows; an index is a sum over interruptions.
"""

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

LIMIT = {"ieee": 5 * 60, "dlt": 3 * 60}


def interruptions(rows, limit):
    """Rows (customer, event, start, end) as [(customer, event, [rows])], close rows of one event together."""
    chains = defaultdict(list)
    for row in sorted(rows, key=lambda row: row[2]):
        mine = chains[row[0], row[1]]
        if mine and row[2] - mine[-1][-1][3] <= limit:
            mine[-1].append(row)
        else:
            mine.append([row])
    return [(customer, event, chain) for (customer, event), many in chains.items() for chain in many]


def expected(rows, weight, nature, first, last, *, book, view="all", major=(), keep=lambda customer, event: True):
    """Every index that is neither a mean over N nor trivial, as fractions; `nature` of each event is its dotted name."""
    limit, found = LIMIT[book], []
    for customer, event, chain in interruptions(rows, limit):
        begun = chain[0][2]
        day = datetime.fromtimestamp(begun, UTC).date()
        on_major = day in major
        if first <= begun < last and keep(customer, event) and (view == "all" or on_major == (view == "only_major")):
            dead = sum(row[3] - row[2] for row in chain)
            found.append((customer, nature[event], dead, len(chain)))
    lasting = [one for one in found if one[2] > limit]
    brief = [one for one in found if one[2] <= limit]
    people = sorted({row[0] for row in rows})
    total = sum(w for customer, w in enumerate(weight) if keep(customer, None))
    span = last - first

    def heavy(ones):
        return sum(weight[one[0]] for one in ones)

    def hours(ones):
        return Fraction(sum(weight[one[0]] * one[2] for one in ones), 3600)

    def per(top, bottom):
        return Fraction(top) / bottom if bottom else None

    def hit(ones):
        return sum(weight[customer] for customer in {one[0] for one in ones})

    def often(ones, n):
        return sum(weight[who] for who in people if sum(one[0] == who for one in ones) >= n)

    answer = {}
    families = {
        "-1": found,
        "-2": [one for one in found if not one[1].endswith(".external")],
        "-3": [one for one in found if one[1] != "rationing.source_shortage"],
        "-4": lasting,
        "-F": [one for one in found if one[1].startswith("fault.")],
        "-S": [one for one in found if not one[1].startswith("fault.")],
    }
    if book == "dlt":
        for suffix, ones in families.items():
            answer["TH" + suffix] = hours(ones)
            answer["SAIDI" + suffix] = per(hours(ones), total)
            answer["SAIFI" + suffix] = per(heavy(ones), total)
            answer["ASAI" + suffix] = per(
                (total * Fraction(span, 3600) - hours(ones)) * 100, total * Fraction(span, 3600)
            )
            if suffix in ("-1", "-4"):
                answer["CAIDI" + suffix] = per(hours(ones), heavy(ones))
                answer["CTAIDI" + suffix] = per(hours(ones), hit(ones))
                answer["CAIFI" + suffix] = per(heavy(ones), hit(ones))
        for suffix in ("-F", "-S"):
            mine = [one for one in brief if one in families[suffix]]
            answer["MAIFI" + suffix] = per(sum(weight[one[0]] * one[3] for one in mine), total)
            answer["MAIFI_E" + suffix] = per(heavy(mine), total)
    else:
        answer["CI"], answer["CMI"] = Fraction(heavy(lasting)), hours(lasting) * 60
        answer["SAIFI"], answer["SAIDI"] = per(heavy(lasting), total), per(hours(lasting) * 60, total)
        answer["CAIDI"], answer["CTAIDI"] = (
            per(hours(lasting) * 60, heavy(lasting)),
            per(hours(lasting) * 60, hit(lasting)),
        )
        answer["CAIFI"] = per(heavy(lasting), hit(lasting))
        answer["ASAI"] = per((total * Fraction(span, 3600) - hours(lasting)) * 100, total * Fraction(span, 3600))
    answer["MAIFI"] = per(sum(weight[one[0]] * one[3] for one in brief), total)
    answer["MAIFI_E"] = per(heavy(brief), total)
    for n in range(1, 6):
        answer[f"CEMI_{n}"] = per(often(lasting, n), total)
        answer[f"CEMSMI_{n}"] = per(often(found, n), total)
    longest = {who: max((one[2] for one in lasting if one[0] == who), default=0) for who in people}
    together = {who: sum(one[2] for one in lasting if one[0] == who) for who in people}
    answer["CELID_S"] = per(sum(weight[who] for who in people if longest[who] >= 4 * 3600), total)
    answer["CELID_T"] = per(sum(weight[who] for who in people if together[who] >= 8 * 3600), total)
    return answer
