"""What keys are called on the pages (用语): English phrases here, their Chinese in the catalogue like every other word."""

STATES = {
    "draft": "draft", "submitted": "submitted", "assessed": "assessed", "merged": "merged", "balanced": "balanced",
    "approved": "approved", "notified": "customers notified", "permitted": "work permitted",
    "in_progress": "in progress", "work_done": "work done", "restoring": "restoring", "restored": "restored",
    "analysed": "analysed", "closed": "file closed", "rejected": "rejected", "postponed": "postponed",
    "cancelled": "cancelled",
}  # fmt: skip
DEPARTMENTS = {
    "operations": "Operations", "construction": "Construction", "metering": "Metering and tests",
    "marketing": "New connections", "municipal": "Municipal",
}  # fmt: skip
KINDS = {
    "maintenance": "maintenance", "construction": "construction", "test": "test or inspection",
    "new_connection": "new connection", "municipal": "municipal works",
}  # fmt: skip
NATURES = {"planned": "planned", "temporary": "temporary", "fault": "fault", "rationing": "rationing"}
COMMANDS = {
    "submit": "Submit", "assess": "Compute the assessment", "revise": "Revise", "merge": "Merge", "move": "Move",
    "resize": "Give it another length",
    "balance": "Agree in the balance meeting", "approve": "Approve", "notify": "Record that customers were told",
    "permit": "Permit the work", "start": "Switched off, work begins", "finish": "Work is done",
    "switch_back": "Begin switching back", "restore": "Supply is restored", "analyse": "Record the review",
    "close": "Close the file", "reject": "Reject", "postpone": "Postpone", "cancel": "Cancel",
}  # fmt: skip
EVENTS = {
    **COMMANDS, "step": "Step done", "queued": "Notices queued", "withdrawn": "Notices withdrawn",
    "signed": "Receipt signed", "reconciled": "Told and off compared",
}  # fmt: skip
REASON_NEEDED = ("reject", "postpone", "cancel")
DELAYS = {
    "switching_crew_late": "switching crew late", "permit_late": "permit late", "scope_grew": "scope of work grew",
    "quality_retest": "quality defect or retest", "weather": "weather", "material": "material missing",
    "user_coordination": "coordination with users", "protection_commissioning": "protection commissioning",
    "fault_during_restoration": "fault during restoration", "safety_stop": "safety stop",
    "dispatch_busy": "dispatch busy",
}  # fmt: skip
OUTCOMES = {"pass": "passes", "warn": "warning", "approve": "needs a higher level", "block": "blocks"}
MARKS = {"pass": "✓", "warn": "!", "approve": "↑", "block": "✕"}
IMPORTANCE = {
    "special": "special", "first": "first grade", "second": "second grade", "temporary": "temporary important",
    "sensitive": "sensitive", "ordinary": "ordinary",
}  # fmt: skip
HARDNESS = {
    "legal": "legal duty", "standard": "standard", "promise": "public promise", "internal": "own rule",
}  # fmt: skip
CERTIFICATE = {
    "no_tie": "no tie", "tie_overload": "tie too weak", "voltage": "voltage", "not_phased": "not phased",
    "forbidden": "forbidden by rule", "work": "work area", "empty": "nobody there", "not_searched": "not searched",
}  # fmt: skip
ALTERNATIVES = {
    "live_line": "live-line work", "bypass_cable": "bypass cable", "mobile_generator": "mobile generator",
}  # fmt: skip
PHASES = {
    "isolate": "isolate", "transfer": "transfer", "permit": "permit", "close_work": "close the work",
    "restore": "restore",
}  # fmt: skip
AUDIENCES = {
    "everybody": "everybody concerned, by law", "target": "everybody concerned, own target",
    "important": "important customers, in person",
}  # fmt: skip
RISKS = {
    "quiet": "in time", "at_risk": "will be late", "first_alarm": "due within the hour", "second_alarm": "due within half an hour",
    "due": "due now", "late": "late", "kept": "kept",
}  # fmt: skip
NOTICES = {
    "planned": "planned outage", "temporary": "temporary outage", "fault": "fault", "changed": "changed",
    "cancelled": "it does not take place", "restored_early": "supply is back early", "delayed": "it takes longer",
    "restored": "supply is back",
}  # fmt: skip
SENDING = {
    "queued": "waits", "sending": "is being sent", "unknown": "may have been sent", "confirming": "receipt awaited",
    "accepted": "taken by the gateway", "delivered": "delivered", "refused": "not accepted", "given_up": "given up",
    "superseded": "replaced by a later one", "expired": "too late to be of use",
}  # fmt: skip
CHANNELS = {
    "sms": "text message", "email": "e-mail", "inbox": "web inbox", "door": "notice at the door",
    "webhook": "webhook",
}  # fmt: skip
WHYS = {
    "no_contact": "no contact known", "undelivered": "message not delivered", "late": "told too late",
    "step_changed": "switched otherwise than planned", "wrong_link": "hangs elsewhere than recorded",
    "astray": "off against the plan",
}  # fmt: skip
SHARES = {
    "recall": "of those off, told before", "precision": "of those told, off", "accuracy": "told exactly",
}  # fmt: skip
SIGNED = {"paper": "on paper", "phone": "by telephone", "app": "in the app", "visit": "at a visit"}
ALL = (
    STATES, DEPARTMENTS, KINDS, NATURES, EVENTS, DELAYS, OUTCOMES, IMPORTANCE, HARDNESS, CERTIFICATE, ALTERNATIVES,
    PHASES, AUDIENCES, RISKS, NOTICES, SENDING, CHANNELS, WHYS, SHARES, SIGNED,
)  # fmt: skip
