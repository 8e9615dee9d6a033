"""A fashion chain to look at: made by a seeded generator, filled in through the public API.

    words      what names, places, clothes and colours are called
    chain      brand, regions, franchisees, stores, staff, devices and API clients
    catalogue  styles × colours × sizes with barcodes and list prices
    offers     rules of points, tiers and wallet; promotions and coupons
    people     members
    mall       what points buy, and who had it
    trade      ninety days of sales, and the stock that must have been there for them
    load       all of it, sent through the gateway with many requests in flight
    page       where to click and who to sign in as
    command    `./chainstitch demo`

The same seed gives the same chain with the same ids, so that a run after a killed one goes on
where that ended. Only PINs, passwords and codes differ from one state folder to the next.
"""

import random
import uuid

NAMESPACE = uuid.UUID("6f2c9d1e-8a4b-5c37-9e10-7d3b5f0a2c48")


def id_of(what: str) -> str:
    """The id of one thing of the demo, the same in every run."""
    return str(uuid.uuid5(NAMESPACE, what))


def dice(topic: str) -> random.Random:
    """Random numbers of one topic: more of one thing does not change another."""
    return random.Random(f"chainstitch demo: {topic}")
