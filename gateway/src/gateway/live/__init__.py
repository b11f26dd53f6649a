"""Live feeds: a shared order, or what happens in an account, over a WebSocket or as server-sent events.

A feed is one `line` per client. Changes come from the streams of orders and notifications by one ordered consumer each
per process and are handed on in memory; what a line may see, and what it missed, is asked of the service with the
client's own token. The gateway decides nothing about rights.
"""
