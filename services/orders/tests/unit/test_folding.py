"""Text as people look for it."""

import pytest

from orders.domain.folding import LENGTH, fold


@pytest.mark.spec("O-34")
@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Librairie   ÉLYSÉE ", "librairie elysee"),
        ("Straße", "strasse"),
        ("Ørsted Æble Łódź", "orsted aeble lodz"),
        ("PO-12/A", "po-12/a"),
        ("ﬁn", "fin"),
        ("\u0301", ""),
        ("x" * 200, "x" * LENGTH),
    ],
)
def test_case_accents_and_spaces_do_not_matter(text: str, folded: str) -> None:
    assert fold(text) == folded
