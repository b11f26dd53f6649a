"""What an order is and may do, without any input or output."""
