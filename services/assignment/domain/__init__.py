"""What assignment decides. Pure: state, command and time in, events or a refusal out."""
