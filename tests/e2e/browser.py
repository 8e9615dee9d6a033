"""The phone that the journeys are walked with."""

from infra.browser import PATIENCE_SECONDS, Phone, launched

__all__ = ["PATIENCE_SECONDS", "Phone", "launched"]
