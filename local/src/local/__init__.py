"""Run the whole suite on one machine without containers: PostgreSQL, NATS, a mail box and every service.

Nothing here is used in production, and no service imports it. ``python -m local run`` is the command line;
``local.suite.Suite`` is the same as a library, for tests and benchmarks.
"""
