"""Every use case of planning under one name; what each does, takes and refuses stands with the part that does it.

    given ─┐                 ┌─► verdicts ─┐
           ├─► studies ──────┼─► filing ───┼─► outages ──► months
    facts ─┘                 └─────────────┘                            reviews

A part knows the desk and the parts before it, never one after it.
"""

from dataclasses import dataclass

from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.filing import Filing
from everlit.planning.service.given import Given
from everlit.planning.service.months import Months
from everlit.planning.service.outages import Outages
from everlit.planning.service.reviews import Reviews
from everlit.planning.service.studies import Studies
from everlit.planning.service.verdicts import Verdicts


@dataclass
class Planning(Desk):
    """The planning use cases on one store."""

    def __post_init__(self) -> None:
        """Put the parts together, each with those it asks, and their use cases side by side."""
        given, facts, reviews = Given(self), Facts(self), Reviews(self)
        studies = Studies(self, given, facts)
        verdicts = Verdicts(self, given, facts)
        filing = Filing(self, facts, studies)
        outages = Outages(self, facts, studies, verdicts, filing)
        months = Months(self, given, facts, filing, outages)

        self.set_policy, self.set_budget, self.budgets = given.set_policy, given.set_budget, given.budgets
        self.protect, self.protected = given.protect, given.protected
        self.calendar, self.set_days = given.calendar, given.set_days
        self.approve_emergency_plan = given.approve_emergency_plan
        self.positions = facts.positions

        self.submit, self.revise, self.act_on_request = filing.submit, filing.revise, filing.act_on_request
        self.requests, self.request, self.assess_request = filing.requests, filing.request, filing.assess_request

        self.study, self.study_request, self.study_outage = studies.study, studies.study_request, studies.study_outage
        self.preview_move = studies.preview_move
        self.assessment, self.assessment_of = studies.assessment, studies.assessment_of

        self.merge, self.outage, self.outages = outages.merge, outages.outage, outages.outages
        self.possible, self.assess_outage, self.act = outages.possible, outages.assess_outage, outages.act

        self.plan_month, self.month_case = months.plan_month, months.month_case
        self.month, self.adopt_month = months.month, months.adopt_month

        self.promises, self.delay_causes = reviews.promises, reviews.delay_causes
        self.transferable, self.review_month = reviews.transferable, reviews.review_month
