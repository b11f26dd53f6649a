"""What other services ask: may this caller order for this account, with which facts; who receives a mail."""
