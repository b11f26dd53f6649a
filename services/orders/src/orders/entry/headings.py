"""What the columns of a file are called, in English, French, Dutch and Italian."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

CODE, QUANTITY = "code", "quantity"
REFERENCE = "line_reference"
_WORDS = {
    CODE: "sku|isbn|isbn10|isbn13|isbn 10|isbn 13|ean|ean13|ean 13|gtin|code|barcode|item|item number|item code"
    "|product|product code|code article|article|ref article|reference article|code barres|code produit|no article"
    "|artikel|artikelnummer|artikelcode|artikelnr|bestelnummer|streepjescode|productcode|articolo|codice"
    "|codice articolo|codice a barre|codice prodotto",
    QUANTITY: "quantity|qty|quantities|pieces|pcs|copies|units|quantite|quantites|qte|nombre|exemplaires|ex|nb"
    "|pieces|unites|aantal|aantallen|hoeveelheid|stuks|exemplaren|quantita|qta|pezzi|copie",
    REFERENCE: "reference|ref|line reference|your reference|customer reference|reference de ligne|votre reference"
    "|reference client|lijnreferentie|referentie|uw referentie|klantreferentie|riferimento|rif|riferimento riga"
    "|vostro riferimento",
    "cost_centre": "cost centre|cost center|centre de cout|centre de couts|centre de frais|kostenplaats"
    "|centro di costo",
    "note": "note|notes|remark|remarks|comment|comments|remarque|remarques|commentaire|commentaires|opmerking"
    "|opmerkingen|notitie|nota|commento|osservazioni",
    "requested_delivery_date": "date|delivery date|requested delivery date|requested date|date de livraison"
    "|date souhaitee|date de livraison souhaitee|datum|leverdatum|gewenste leverdatum|data|data di consegna",
    "budget_code": "budget|budget code|code budget|code budgetaire|budgetcode|codice budget",
}  # fmt: skip
_APART = re.compile(r"[^a-z0-9]+")


def _folded(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading[:100].lower())
    return _APART.sub(" ", "".join(c for c in plain if not unicodedata.combining(c))).strip()


_BY_WORD = {_folded(word): name for name, words in _WORDS.items() for word in words.split("|")}


def known(heading: str) -> str | None:
    """The column that a heading names."""
    return _BY_WORD.get(_folded(heading))


def columns(headings: Sequence[str]) -> list[str | None]:
    """By place; a repeated one counts once. A reference is that of the article where nothing else names the article."""
    named: list[str | None] = []
    for heading in headings:
        name = known(heading)
        named.append(name if name not in named else None)
    if CODE not in named and REFERENCE in named:
        named[named.index(REFERENCE)] = CODE
    if CODE not in named and QUANTITY in named and None in named:
        named[named.index(None)] = CODE
    return named
