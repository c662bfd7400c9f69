"""How events travel: log, relay, inbox, reactions, projections. Messaging only; no rule of the domain lives here."""
