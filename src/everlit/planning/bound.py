"""The proven bound of a month (下界): no plan that serves these requests is darker, whatever its dates.

The day model falls apart into clusters of jobs that share sections; only crews tie them together. Give every crew-day a
price p >= 0, let each cluster pay for the crews it takes, and give the capacity back:

    any plan  >=  sum over clusters of (least cost of the cluster at prices p)  -  sum of p x capacity

This holds for every p (weak duality), so the linear programme that proposes p need not be trusted. Each cluster's least
cost is proven by CP-SAT on the day model. `verify_bound` takes the stored prices and proves every cluster again with
another model in another solver.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from everlit.planning.compiled import Compiled, compile_problem
from everlit.planning.daymodel import ClusterBound, bound_cluster
from everlit.planning.linear import prove_whole, solve_linear
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.relaxation import Relaxation, relax

MOST_LINEAR_S = 5.0


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
    whole: Relaxation | None = None,
) -> Bound:
    """The bound for plans that serve exactly these jobs; what `before` proved of the same clusters is kept.

    After about `seconds` clusters are cut short: the bound holds all the same, it is only weaker.
    """
    began = time.monotonic()
    relaxation = relax(compiled, served=frozenset(served), whole=whole)
    if before is None:
        linear = solve_linear(relaxation, seconds=min(seconds / 4, MOST_LINEAR_S))
        value = linear.value if linear else 0.0
        prices = {key: int(price) for key, price in linear.crew_prices.items() if price >= 1} if linear else {}
    else:
        value, prices = before.linear, dict(before.crew_prices)
    known = {cluster.jobs: cluster for cluster in before.clusters} if before else {}

    def solve(jobs: tuple[int, ...]) -> ClusterBound:
        earlier = known.get(jobs)
        if earlier is not None and earlier.closed:
            return earlier
        left = max(0.2, seconds - (time.monotonic() - began))
        days = earlier.days if earlier else None
        made = bound_cluster(relaxation, jobs, crew_prices=prices, seed=seed, effort=effort, seconds=left, hint=days)
        return made if earlier is None or made.bound >= earlier.bound else replace(earlier, days=made.days)

    order = sorted(relaxation.clusters, key=len)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        made = dict(zip(order, pool.map(solve, order), strict=True))
    clusters = tuple(made[jobs] for jobs in relaxation.clusters)
    return Bound(_total(compiled.problem, clusters, prices), value, tuple(served), prices, clusters)


def _total(problem: MonthProblem, clusters: Sequence[ClusterBound], prices: Mapping[tuple[int, int], int]) -> int:
    back = sum(price * problem.crews[crew].capacity[day] for (crew, day), price in prices.items())
    return max(0, sum(cluster.bound for cluster in clusters) - back)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a second solver says: the bound it proves itself, and the clusters whose stored bound it did not reach."""

    value: int
    stored: int
    unconfirmed: tuple[tuple[int, ...], ...]

    @property
    def holds(self) -> bool:
        """True when every cluster was confirmed."""
        return not self.unconfirmed


def verify_bound(problem: MonthProblem, bound: Bound, *, seconds_a_cluster: float = 10.0) -> Verified:
    """Prove a stored bound again: clusters and prices are taken from it, least costs from HiGHS alone."""
    compiled = compile_problem(problem)
    proven, unconfirmed = [], []
    covered = sorted(job for cluster in bound.clusters for job in cluster.jobs)
    if covered != sorted(bound.served):
        unconfirmed.append(tuple(sorted(set(bound.served) ^ set(covered))))
    for cluster in bound.clusters:
        relaxation = relax(compiled, served=frozenset(cluster.jobs))
        least = prove_whole(relaxation, crew_prices=bound.crew_prices, seconds=seconds_a_cluster)
        slack = 1e-6 * max(1.0, abs(least)) + 0.5
        proven.append(replace(cluster, bound=min(cluster.bound, math.floor(least + slack))))
        if least + slack < cluster.bound:
            unconfirmed.append(cluster.jobs)
    return Verified(_total(problem, proven, bound.crew_prices), bound.value, tuple(unconfirmed))
