"""A county in miniature: real petitions and a made-up county pass through the whole stack; the figures must hold."""
