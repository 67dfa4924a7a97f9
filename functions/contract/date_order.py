"""Which number of a date such as 01/02/03 is which."""

from typing import Literal, get_args

DateOrder = Literal["day_first", "month_first", "year_first"]
DATE_ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)
