"""Inventory knows pieces and stores, and nothing about a person (`shared.disclosure`)."""

from services.inventory.models import Base
from shared.disclosure import Told

NOT_OF_PERSONS = "movements prices reservations skus stock stock_documents styles"
TOLD = Told(Base.metadata, (), {}, NOT_OF_PERSONS)
