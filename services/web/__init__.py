"""What every HTTP side wears: who asks, how errors read, health, waiting for one's own writes."""
