"""Requests (申请) on their own: filed, revised, assessed, until they stand in an outage."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from everlit.kernel import Finding, Severity
from everlit.planning import store
from everlit.planning.assess import Assessment
from everlit.planning.lifecycle import REQUEST_TRANSITIONS, Command, Verdict, package, transition
from everlit.planning.model import Nature, Role, State, WorkRequest
from everlit.planning.requests import check_requests
from everlit.planning.service.desk import Desk
from everlit.planning.service.facts import Facts
from everlit.planning.service.periods import month_period
from everlit.planning.service.refusals import UnableToPlan, fault, only, request_subject, role_of
from everlit.planning.service.studies import Studies
from everlit.planning.store import FiledRequest
from everlit.planning.temporary import received, revised
from everlit.platform.database import reading, writing
from everlit.platform.events import Actor


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of submitted requests."""

    accepted: tuple[str, ...]
    unchanged: tuple[str, ...]
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "accepted": list(self.accepted),
            "unchanged": list(self.unchanged),
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass
class Filing:
    """Files requests and moves them by their own commands."""

    desk: Desk
    facts: Facts
    studies: Studies

    def submit(self, network: str, requests: Sequence[WorkRequest], *, actor: Actor, whole: bool = False) -> Submission:
        """File requests as submitted. The same request again is left alone, another content refused with a finding.

        With `whole` one fault refuses them all and nothing is filed: raises UnableToPlan.
        """
        only(actor, "request.submit")
        grid = self.desk.grid(network)
        accepted, unchanged = [], []
        with writing(self.desk.engine) as connection:
            findings = check_requests(requests, grid=grid, filed=self._filed(connection, network))
            refused = {finding.subject for finding in findings if finding.severity is Severity.ERROR}
            for request in requests:
                if request.request_id in refused:
                    continue
                kept = store.find_request(connection, network, request.request_id)
                if kept is None:
                    self._file(connection, network, request, actor)
                    accepted.append(request.request_id)
                elif kept.request.content_hash == request.content_hash:
                    unchanged.append(request.request_id)
                else:
                    findings.append(_other_content(request.request_id))
            wrong = [finding for finding in findings if finding.severity is Severity.ERROR]
            if whole and wrong:
                raise UnableToPlan(*wrong)
        return Submission(tuple(accepted), tuple(dict.fromkeys(unchanged)), tuple(findings))

    def _file(self, connection: Connection, network: str, request: WorkRequest, actor: Actor) -> None:
        kept = received(request, at=self.desk.clock(), dated=role_of(actor) is Role.PLANNER)
        kept = kept if kept.requester else replace(kept, requester=actor.name)
        filed = FiledRequest(network, kept, State.SUBMITTED)
        store.file_request(connection, filed)
        counts = kept.submitted_at and kept.submitted_at.isoformat()
        body = {"content": kept.content_hash, "requester": kept.requester, "filed": counts}
        self.desk.event(connection, actor, "request.submitted", request_subject(filed), body)

    def _filed(self, connection: Connection, network: str) -> list[WorkRequest]:
        return [one.request for one in store.filed_requests(connection, network)]

    def revise(self, network: str, request: WorkRequest, *, actor: Actor) -> FiledRequest:
        """Replace a request that is not in an outage yet; it has to be assessed again, and stays its requester's."""
        with writing(self.desk.engine) as connection:
            others = self._filed(connection, network)
            findings = check_requests([request], grid=self.desk.grid(network), filed=others)
            if wrong := [finding for finding in findings if finding.severity is Severity.ERROR]:
                raise UnableToPlan(*wrong)
            filed = self.desk.find_request(connection, network, request.request_id)
            self.allow(filed, Command.REVISE, actor)
            kept = revised(filed.request, request, at=self.desk.clock())
            after = replace(filed, request=kept, state=State.SUBMITTED, assessment="")
            after = store.change_request(connection, after)
            body = {"before": filed.request.content_hash, "after": kept.content_hash}
            self.desk.event(connection, actor, "request.revised", request_subject(filed), body)
        return after

    def act_on_request(
        self, network: str, request_id: str, command: Command, *, actor: Actor, reason: str = ""
    ) -> FiledRequest:
        """Reject, postpone, cancel, resubmit a request on its own."""
        with writing(self.desk.engine) as connection:
            filed = self.desk.find_request(connection, network, request_id)
            row = self.allow(filed, command, actor, reason=reason)
            after = store.change_request(connection, replace(filed, state=row))
            body = {"from": filed.state.value, "to": row.value, "reason": reason}
            self.desk.event(connection, actor, f"request.{command.value}", request_subject(filed), body)
        return after

    def requests(
        self, network: str, *, month: str | None = None, states: Sequence[State] = (), outage_id: str | None = None
    ) -> list[FiledRequest]:
        """Requests of a network, of one month by their offered days."""
        with reading(self.desk.engine) as connection:
            during = month_period(month, self.desk.zone) if month else None
            return store.filed_requests(connection, network, during=during, states=states, outage_id=outage_id)

    def request(self, network: str, request_id: str) -> FiledRequest:
        """One request; raises UnableToFindPlanned."""
        with reading(self.desk.engine) as connection:
            return self.desk.find_request(connection, network, request_id)

    def assess_request(
        self, network: str, request_id: str, *, actor: Actor, start: datetime | None = None
    ) -> tuple[int, Assessment]:
        """Assess one request on its own, at its wanted start unless told; stored, and the request is assessed."""
        filed = self.request(network, request_id)
        made = self.studies.study_request(network, filed.request, start=start)
        with writing(self.desk.engine) as connection:
            fresh = self.desk.find_request(connection, network, request_id)
            if fresh.state in (State.SUBMITTED, State.ASSESSED):
                self.allow(fresh, Command.ASSESS, actor, verdict=made.verdict, facts_now=made.fingerprint)
                after = replace(fresh, state=State.ASSESSED, assessment=made.fingerprint)
                store.change_request(connection, after)
            identity = self.desk.keep(connection, network, request_subject(filed), made)
            body = {"assessment_id": identity, "fingerprint": made.fingerprint}
            self.desk.event(connection, actor, "request.assessed", request_subject(filed), body)
        return identity, made

    def own_study(self, connection: Connection, filed: FiledRequest) -> tuple[Verdict | None, str]:
        """The assessment of a request on its own, and the fingerprint of what it stands on as it is now."""
        subject = request_subject(filed)
        stored = store.find_assessment(connection, subject=subject, fingerprint=filed.assessment)
        if stored is None:
            return None, ""
        verdict, request = Verdict.from_json(stored.body), filed.request
        equipment, nature = tuple(dict.fromkeys(request.equipment_ids)), Nature(stored.body["nature"])
        facts = self.facts.of_requests(
            connection, filed.network, [request], stored.body, equipment, verdict.period, nature
        )
        return verdict, facts

    def allow(
        self,
        filed: FiledRequest,
        command: Command,
        actor: Actor,
        *,
        reason: str = "",
        verdict: Verdict | None = None,
        facts_now: str = "",
    ) -> State:
        """The state a request's own command leads to; raises UnableToAdvance."""
        request = filed.request
        stand_in = package(
            request.request_id,
            network=filed.network,
            request_ids=[request.request_id],
            equipment_ids=request.equipment_ids,
            period=request.window,
            requesters=[request.requester],
        )
        stand_in = replace(stand_in, assessment=filed.assessment)
        case = self.desk.case(stand_in, command, actor, verdict=verdict, facts_now=facts_now)
        return transition(replace(case, reason=reason), state=filed.state, table=REQUEST_TRANSITIONS).target


def _other_content(request_id: str) -> Finding:
    en = f"{request_id} was submitted before with other content: revise it in so many words."
    return fault("request.changed", request_id, en, f"{request_id} 已提报且内容不同，请使用修改。")
