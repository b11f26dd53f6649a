"""Which VAT rate a class of goods takes in a country: our own table, for the rate file does not say it.

Rate names are those of vat-rates.json. Where the table has no row, the standard rate applies: rather too much
tax shown than too little charged. Sources: the VAT laws of the countries named, for printed books BE table A
XXIII (6 %), FR CGI art. 278-0 bis A 3 (5.5 %), NL tabel I a 30 (9 %), IT tabella A parte II n. 18 (4 %), DE
Anlage 2 Nr. 49 UStG (7 %), LU annexe B (3 %).
"""

from __future__ import annotations

RATE_NAMES: dict[tuple[str, str], str] = {
    ("BE", "REDUCED"): "reduced1",
    ("BE", "BOOK"): "reduced1",
    ("FR", "REDUCED"): "reduced1",
    ("FR", "BOOK"): "reduced1",
    ("NL", "REDUCED"): "reduced",
    ("NL", "BOOK"): "reduced",
    ("IT", "REDUCED"): "reduced2",
    ("IT", "BOOK"): "super_reduced",
    ("DE", "REDUCED"): "reduced",
    ("DE", "BOOK"): "reduced",
    ("LU", "REDUCED"): "reduced1",
    ("LU", "BOOK"): "super_reduced",
}

# Reduced rates of regions with rates of their own, which the rate file leaves out: CGI art. 296.
REGIONAL_REDUCED: dict[str, str] = {"Guadeloupe": "2.1", "Martinique": "2.1", "Reunion": "2.1"}

# The 27 member states (VAT directive 2006/112/EC); Monaco counts as France there (art. 7).
EU = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
     "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
)  # fmt: skip
ALIASES = {"MC": "FR", "EL": "GR"}
