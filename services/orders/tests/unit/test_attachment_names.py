"""File names are made harmless and end as what the file is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.attachments import names

pytestmark = pytest.mark.spec("N-14")


@pytest.mark.parametrize(
    ("given_name", "media_type", "shown"),
    [
        ("plan.pdf", "application/pdf", "plan.pdf"),
        ("Plan van de keuken.PDF", "application/pdf", "Plan van de keuken.PDF"),
        ("foto.jpeg", "image/jpeg", "foto.jpeg"),
        ("", "application/pdf", "file.pdf"),
        (".pdf", "application/pdf", "file.pdf"),
        ("...", "image/png", "file.png"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\jan\\plan.png", "image/png", "plan.png"),
        ("a.pdf.exe", "application/pdf", "a.pdf.exe.pdf"),
        ("logo.svg", "image/png", "logo.svg.png"),
        ("page.html", "text/plain", "page.html.txt"),
        ("con.png", "image/png", "_con.png"),
        ("LPT1.old.txt", "text/plain", "_LPT1.old.txt"),
        ("console.txt", "text/plain", "console.txt"),
        ("ordonnance\u202egnp.exe", "image/png", "ordonnancegnp.exe.png"),
        ("a\x00b\x1f\u2028.png", "image/png", "ab.png"),
        ('a"b;c<d>.png', "image/png", "a_b;c_d_.png"),
        ("trailing. . .png", "image/png", "trailing.png"),
        ("re\u0301sume\u0301.txt", "text/plain", "r\u00e9sum\u00e9.txt"),
    ],
)
def test_names(given_name: str, media_type: str, shown: str) -> None:
    assert names.clean(given_name, media_type) == shown


@given(st.text(max_size=300), st.sampled_from(sorted(names.SUFFIXES)))
def test_no_name_is_ever_harmful(given_name: str, media_type: str) -> None:
    shown = names.clean(given_name, media_type)
    assert 1 < len(shown) <= names.MAX_LENGTH + 1
    assert shown.lower().endswith(names.SUFFIXES[media_type])
    assert not set(shown) & set('/\\<>:"|?*')
    assert not shown.startswith((".", " "))
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert names.clean(shown, media_type) == shown
