"""Online payments on a provider's hosted page, their refunds, and the links that are mailed to customers to pay by."""
