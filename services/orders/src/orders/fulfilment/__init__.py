"""What happens to an order after placing: process, ship, deliver, close; and cancelling it at any time before."""
