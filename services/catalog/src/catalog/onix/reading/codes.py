"""The ONIX code lists that decide something here, by their numbers (EDItEUR, issue 75)."""

from __future__ import annotations

from functools import cache

from babel.core import get_global

from catalog.products.domain import valid_text_language

# List 1: what a record is for.
FULL, UPDATE, DELETE, TEST = ("01", "02", "03", "08", "09"), ("04",), ("05",), ("88", "89")

# List 58: price types whose amount includes tax; all others of the list are without.
PRICE_TYPES_WITH_TAX = frozenset(("02", "04", "07", "09", "12", "14", "17", "22", "24", "27", "34", "42"))
PRICE_TYPES = PRICE_TYPES_WITH_TAX | frozenset(
    (
        "01",
        "03",
        "05",
        "06",
        "08",
        "11",
        "13",
        "15",
        "21",
        "23",
        "25",
        "31",
        "32",
        "33",
        "35",
        "36",
        "37",
        "41",
    )
)

# List 64, publishing status: nobody can order it any more, or not by itself.
ENDED_STATUSES = frozenset(("01", "05", "06", "07", "08", "10", "11", "12", "13", "15", "16", "17"))
# List 65, availability from a supplier: never again, or not by itself.
ENDED_AVAILABILITIES = frozenset(
    ("01", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52")
)

# List 17: roles that make an author here; A12 and those after it in the alphabet help.
AUTHOR_ROLES = frozenset(
    ("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A09", "A10", "A14", "A31", "A38", "A43", "A44",
     "A45", "A99", "B01", "C01")
)  # fmt: skip
HELPER_ROLES = {"A12": "illustrator", "B06": "translator", "B03": "retold by", "B04": "abridged by",
                "B05": "adapted by", "B21": "general editor", "A15": "preface", "A19": "afterword",
                "A23": "foreword", "A24": "introduction", "E07": "read by", "E03": "narrator"}  # fmt: skip
OTHER_ROLE = "contributor {}"

# List 27: names under which subjects that belong to no category are shown.
SCHEMES = {"10": "BISAC", "12": "BIC", "20": "keywords", "26": "Warengruppe", "29": "CLIL", "32": "NUR",
           "53": "CCE", "93": "Thema", "94": "Thema place", "95": "Thema language", "96": "Thema time",
           "97": "Thema education", "98": "Thema interest", "99": "Thema style"}  # fmt: skip
OTHER_SCHEME = "subject {}"

# List 48 in millimetres, list 50 for lengths and weights.
MEASURES = {"01": "height mm", "02": "width mm", "03": "thickness mm"}
WEIGHT = "08"
MILLIMETRES = {"mm": "1", "cm": "10", "in": "25.4"}
GRAMS = {"gr": "1", "kg": "1000", "oz": "28.349523125", "lb": "453.59237"}

# List 23: page counts, the better known first.
PAGE_COUNTS = ("00", "05", "11", "06", "07", "08")
PAGES = "pages"
EDITION = "edition"
SERIES = "series"

# List 158: pictures of the product.
PICTURES = ("01", "03", "02", "07")

# Countries of the euro, which list 49 calls ECZ.
EURO_ZONE = frozenset(
    ("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "MT", "NL",
     "PT", "SI", "SK", "AD", "MC", "ME", "SM", "VA", "XK")
)  # fmt: skip

# List 74 is ISO 639-2/B; where that differs from 639-2/T.
_BIBLIOGRAPHIC = {
    "sq": "alb", "hy": "arm", "eu": "baq", "my": "bur", "zh": "chi", "cs": "cze", "nl": "dut", "fr": "fre",
    "ka": "geo", "de": "ger", "el": "gre", "is": "ice", "mk": "mac", "mi": "mao", "ms": "may", "fa": "per",
    "ro": "rum", "sk": "slo", "bo": "tib", "cy": "wel",
}  # fmt: skip


def language_of(code: str) -> str | None:
    """ISO 639-1 for a code of list 74; None when there is none, as for `mul`."""
    short = get_global("language_aliases").get(code)
    return short if short is not None and valid_text_language(short) else None


@cache
def _three_letters() -> dict[str, str]:
    found: dict[str, str] = {}
    for long, short in sorted(get_global("language_aliases").items()):
        if len(long) == 3 and len(short) == 2:
            found.setdefault(short, long)
    # The terminology code of a language is that of its own name, and CLDR has it among others.
    return found | _NATIVE | _BIBLIOGRAPHIC


_NATIVE = {"en": "eng", "it": "ita", "es": "spa", "pt": "por", "sv": "swe", "da": "dan", "fi": "fin", "pl": "pol",
           "ru": "rus", "ja": "jpn", "ar": "ara", "tr": "tur", "no": "nor", "hu": "hun", "ca": "cat", "la": "lat",
           "hr": "hrv", "sr": "srp", "he": "heb", "uk": "ukr", "ko": "kor", "ga": "gle", "lb": "ltz"}  # fmt: skip


def three_letters(language: str) -> str | None:
    """The code of list 74 for an ISO 639-1 code, when reading it gives that code again."""
    code = _three_letters().get(language)
    return code if code is not None and language_of(code) == language else None


def withdrawn(status: str, availability: str) -> bool:
    """Whether a book of this publishing status and availability (either may be unknown) is no longer sold."""
    return status in ENDED_STATUSES or availability in ENDED_AVAILABILITIES
