"""Stock per variant and warehouse, with its ledger."""
