"""The proven bound of a month (下界): no plan that serves these requests is darker, whatever its dates.

The day model falls apart into clusters of jobs that share sections; only crews tie them together. Give every crew-day a
price p >= 0, let each cluster pay for the crews it takes, and give the capacity back:

    any plan  >=  sum over clusters of (least cost of the cluster at prices p)  -  sum of p x capacity

A unit above its budget is told in the same way: its hours are paid at a price, and the budget pays that back. This holds
for every p (weak duality), so the linear programme that proposes p need not be trusted. Each cluster's least
cost is proven by CP-SAT on the day model. `verify_bound` takes the stored prices and proves every cluster again with
another model in another solver.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from everlit.planning.compiled import Compiled, compile_problem
from everlit.planning.daymodel import ClusterBound, bound_cluster
from everlit.planning.linear import prove_whole, solve_linear
from everlit.planning.problem import MILLI, MonthProblem
from everlit.planning.relaxation import Relaxation, dearer, over_floor, relax

MOST_LINEAR_S = 5.0


@dataclass(frozen=True, slots=True)
class Bound:
    """`value`: milli customer-hours (prices of dates and of hours over budgets included) no plan serving `served` can undercut, and why.

    `linear`: the weaker bound of the linear programme, for comparison.
    """

    value: int
    linear: float
    served: tuple[int, ...]
    crew_prices: Mapping[tuple[int, int], int]
    clusters: tuple[ClusterBound, ...]
    budget_prices: Mapping[str, int] = field(default_factory=dict)

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
            "budget_prices": dict(self.budget_prices),
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
            {unit: int(price) for unit, price in data.get("budget_prices", {}).items()},
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
    budget_prices: Mapping[str, int] | None = None,
) -> Bound:
    """The bound for plans that serve exactly these jobs; what `before` proved of the same clusters is kept.

    `budget_prices`: units to be told by a price on their hours (`relaxation.dearer`), best those surely above their
    budget; `whole` is then the model of the dearer month.

    After about `seconds` clusters are cut short: the bound holds all the same, it is only weaker.
    """
    began = time.monotonic()
    dear = dict(budget_prices or {}) if before is None else dict(before.budget_prices)
    relaxation = relax(dearer(compiled, dear), served=frozenset(served), whole=whole)
    if before is None:
        linear = solve_linear(relaxation, seconds=min(seconds / 4, MOST_LINEAR_S))
        value = max(0.0, linear.value + over_floor(compiled, served, dear)) if linear else 0.0
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
    total = _total(compiled.problem, clusters, prices, over_floor(compiled, served, dear))
    return Bound(total, value, tuple(served), prices, clusters, dear)


def _total(
    problem: MonthProblem, clusters: Sequence[ClusterBound], prices: Mapping[tuple[int, int], int], over: int
) -> int:
    back = sum(price * problem.crews[crew].capacity[day] for (crew, day), price in prices.items())
    return max(0, sum(cluster.bound for cluster in clusters) - back + over)


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
        relaxation = relax(dearer(compiled, bound.budget_prices), served=frozenset(cluster.jobs))
        least = prove_whole(relaxation, crew_prices=bound.crew_prices, seconds=seconds_a_cluster)
        slack = 1e-6 * max(1.0, abs(least)) + 0.5
        proven.append(replace(cluster, bound=min(cluster.bound, math.floor(least + slack))))
        if least + slack < cluster.bound:
            unconfirmed.append(cluster.jobs)
    total = _total(problem, proven, bound.crew_prices, over_floor(compiled, bound.served, bound.budget_prices))
    return Verified(total, bound.value, tuple(unconfirmed))
