"""The proven bound of a month (下界): no plan that serves these requests is darker, whatever its dates.

The day model falls apart into clusters of jobs that share sections; only crews tie them together. Give every crew-day a
price p >= 0, let each cluster pay for the crews it takes, and give the capacity back:

    any plan  >=  sum over clusters of (least cost of the cluster at prices p)  -  sum of p x capacity

This holds for every p (weak duality), so the linear programme that proposes p need not be trusted. Each cluster's least
cost is proven by CP-SAT on the day model. `verify_bound` takes the stored prices and proves every cluster again, by
another solver.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from everlit.planning.compiled import Compiled
from everlit.planning.daymodel import ClusterBound, bound_cluster
from everlit.planning.linear import solve_linear
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.relaxation import relax


@dataclass(frozen=True, slots=True)
class Bound:
    """`value`: milli customer-hours (dates' prices included) no plan serving `served` can undercut, and why.

    `linear`: the weaker bound of the linear programme, for comparison.
    """

    value: int
    linear: float
    served: tuple[int, ...]
    crew_prices: Mapping[tuple[int, int], int]
    clusters: tuple[ClusterBound, ...]

    @property
    def customer_hours(self) -> float:
        """The bound in customer-hours."""
        return self.value / MILLI

    def as_json(self) -> dict[str, Any]:
        """What is stored with a plan, enough to prove it again."""
        return {
            "value": self.value,
            "linear": self.linear,
            "served": list(self.served),
            "crew_prices": [[crew, day, price] for (crew, day), price in sorted(self.crew_prices.items())],
            "clusters": [{"jobs": list(c.jobs), "bound": c.bound, "closed": c.closed} for c in self.clusters],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Bound":
        """The bound `as_json` wrote."""
        return cls(
            data["value"],
            data["linear"],
            tuple(data["served"]),
            {(crew, day): price for crew, day, price in data["crew_prices"]},
            tuple(ClusterBound(tuple(c["jobs"]), c["bound"], c["closed"], {}) for c in data["clusters"]),
        )


def month_bound(
    compiled: Compiled,
    served: Sequence[int],
    *,
    seed: int = 0,
    effort: float = 4.0,
    seconds: float = 60.0,
    workers: int = 1,
    before: Bound | None = None,
) -> Bound:
    """The bound for plans that serve exactly these jobs; clusters unchanged since `before` are taken from it.

    After about `seconds` clusters are cut short: the bound holds all the same, it is only weaker.
    """
    began = time.monotonic()
    relaxation = relax(compiled, served=frozenset(served))
    if before is None:
        linear = solve_linear(relaxation, seconds=seconds / 4)
        value = linear.value if linear else 0.0
        prices = {key: int(price) for key, price in linear.crew_prices.items() if price >= 1} if linear else {}
    else:
        value, prices = before.linear, dict(before.crew_prices)
    known = {cluster.jobs: cluster for cluster in before.clusters if cluster.closed} if before else {}

    def solve(jobs: tuple[int, ...]) -> ClusterBound:
        if jobs in known:
            return known[jobs]
        left = max(0.2, seconds - (time.monotonic() - began))
        return bound_cluster(relaxation, jobs, crew_prices=prices, seed=seed, effort=effort, seconds=left)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        clusters = tuple(pool.map(solve, relaxation.clusters))
    return Bound(_total(compiled.problem, clusters, prices), value, tuple(served), prices, clusters)


def _total(problem: MonthProblem, clusters: Sequence[ClusterBound], prices: Mapping[tuple[int, int], int]) -> int:
    back = sum(price * problem.crews[crew].capacity[day] for (crew, day), price in prices.items())
    return max(0, sum(cluster.bound for cluster in clusters) - back)
