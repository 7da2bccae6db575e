"""The hourly series: [h - 30 min, h + 30 min) stamped h, centred on the hour as long-term moorings do."""

from lander.bins import BinRule
from lander.product import Product, summarise

PRODUCT = Product(
    name="hourly",
    version=1,
    title="Hourly statistics, each centred on its full hour",
    rule=BinRule(width_us=3_600_000_000, offset_us=-1_800_000_000),
    kernel=summarise,
)
