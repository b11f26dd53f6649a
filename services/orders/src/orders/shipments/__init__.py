"""What left for the customer, in one or several shipments, and what is still to come."""
