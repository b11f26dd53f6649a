"""Says in pytest's header on what the tests that span services run."""

from tests.stack import chosen


def pytest_report_header() -> str:
    kind, why = chosen()
    return f"stack: {kind} ({why})"
