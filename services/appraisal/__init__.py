"""appraisal keeps every cadre's score as a projection that explains itself down to one event."""
