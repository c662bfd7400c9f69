"""Compares the live tables with a refold from the topics that shares no code with the projection."""

from services.appraisal.verify.compare import verify

__all__ = ["verify"]
