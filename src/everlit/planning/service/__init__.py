"""Planning as people use it: load, decide with the pure rules, record with an event (who, in which role, when).

What is long (an assessment) is computed before the transaction; what decides is read again inside it, so that an
approval rests on the facts at the moment it is given. Sending a request twice changes nothing; sending it with other
content is refused unless it is revised in so many words.
"""

from everlit.planning.service.filing import Submission
from everlit.planning.service.periods import month_period, wanted_start
from everlit.planning.service.planning import Planning
from everlit.planning.service.refusals import UnableToPlan

__all__ = ["Planning", "Submission", "UnableToPlan", "month_period", "wanted_start"]
