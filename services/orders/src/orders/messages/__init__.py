"""Messages about an order between the vendor and the customer. The order itself does not change with them."""
