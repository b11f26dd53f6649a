"""The secrets beside the data: made once, kept, and completed when a release needs one more."""

import json
from pathlib import Path

from local.secrets_file import Secrets


def test_secrets_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = Secrets.load_or_create(path)
    assert Secrets.load_or_create(path) == made
    assert path.stat().st_mode & 0o077 == 0
    assert made.notifications_secret != made.customers_secret


def test_a_file_of_an_earlier_release_gets_what_it_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    Secrets.load_or_create(path)
    earlier = json.loads(path.read_text())
    del earlier["notifications_secret"]
    path.write_text(json.dumps(earlier))
    completed = Secrets.load_or_create(path)
    assert len(completed.notifications_secret) >= 32
    assert earlier.items() <= json.loads(path.read_text()).items()
    assert Secrets.load_or_create(path) == completed
    assert path.stat().st_mode & 0o077 == 0
