"""The contract of Lianxin 连心: what travels on the topics, readable without any of the services.

Start at `topics.py` (which topic carries what), then `events/` (one subject, one file), `envelope.py` (how an
event is wrapped) and `codec.py` (bytes to event and back).
"""
