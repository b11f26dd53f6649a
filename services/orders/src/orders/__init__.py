"""Orders, from the open cart to the closed order: sheets, placing, fulfilment, shipping methods and terms.

Owns order numbers, states and the frozen content of what was placed. It never prices, never keeps stock or budgets
and never decides who may order for whom: it asks catalog, library and customers.
"""
