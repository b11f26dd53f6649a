"""What orders hold of budgets, from placing to invoice and credit note."""
