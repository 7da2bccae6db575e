"""The one-minute series: [t, t + 1 min) stamped t."""

from lander.bins import BinRule
from lander.product import Product, summarise

PRODUCT = Product(
    name="one_minute",
    version=1,
    title="One-minute statistics, each minute stamped with its start",
    rule=BinRule(width_us=60_000_000),
    kernel=summarise,
)
