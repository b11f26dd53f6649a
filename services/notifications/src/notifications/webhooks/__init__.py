"""Webhooks after the Standard Webhooks specification, and the feed by which a receiver catches up."""
