"""Which column of a file is which, by its heading in English, French, Dutch or Italian.

A heading is compared without accents, capitals and punctuation. One that means different things in two of the
languages, as "description" does, is known with a language alone (`description_fr`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from catalog.imports.domain import Finding, Unreadable
from catalog.products.domain import LANGUAGES

SKIPPED = "\x00"  # begins the name of a column whose values are not read
_WORDS = re.compile(r"[^a-z0-9]+")
_SKU = "code article|code_article|reference|ref article|artikelnummer|artikelcode|codice articolo|item number|item code"
_NAMES = {"fr": "nom|titre|designation|libelle", "nl": "naam|titel", "it": "nome|titolo", "en": "name|title"}
_TEXTS = {"fr": "description", "nl": "beschrijving|omschrijving", "it": "descrizione", "en": "description"}


def folded(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading.strip().lower())
    return _WORDS.sub("_", "".join(c for c in plain if not unicodedata.combining(c))).strip("_")


@dataclass(frozen=True)
class Columns:
    """`words`: other headings by column, separated by bars; `prefixes` open families of names (`option_size`)
    and name the family they belong to."""

    required: Sequence[str]
    words: Mapping[str, str]
    prefixes: Mapping[str, str]

    @cached_property
    def _by_heading(self) -> dict[str, str]:
        found = {
            folded(word): name for name, words in self.words.items() for word in words.split("|") if word
        }
        return found | {name: name for name in self.words}

    def known(self, heading: str) -> str | None:
        """The column that a heading names."""
        written = heading.strip().lower()
        for prefix, family in self.prefixes.items():
            if written.startswith(prefix) and len(written) > len(prefix):
                return family + written.removeprefix(prefix)
        return self._by_heading.get(folded(heading))

    def count(self, headings: Iterable[str]) -> int:
        return sum(self.known(heading) is not None for heading in headings)

    def header(self, headings: Sequence[str], findings: list[Finding]) -> list[str]:
        """Names of the columns in their order; unknown and repeated ones are reported, and marked as SKIPPED.

        Raises Unreadable when a required one is missing.
        """
        header: list[str] = []
        for place, heading in enumerate(headings, start=1):
            name = self.known(heading)
            if name is None:
                findings.append(
                    Finding(heading.strip().lower() or f"column {place}", heading, "UNKNOWN_COLUMN")
                )
            elif name in header:
                findings.append(Finding(name, heading, "REPEATED_COLUMN"))
            header.append(name if name is not None and name not in header else f"{SKIPPED}{place}")
        missing = sorted(set(self.required) - set(header))
        if missing:
            raise Unreadable(f"the header lacks the columns {', '.join(missing)}")
        return header


def _by_language(kind: str, words: Mapping[str, str]) -> dict[str, str]:
    """The texts of a language: named so, or by a word of that language which no other has."""
    every = sorted({word for found in words.values() for word in found.split("|")})
    built = {}
    for language in LANGUAGES:
        own = [
            word
            for word in words[language].split("|")
            if sum(word in w.split("|") for w in words.values()) == 1
        ]
        built[f"{kind}_{language}"] = "|".join([*own, *(f"{word} {language}" for word in every)])
    return built


PRODUCTS = Columns(
    ("sku",),
    {
        "product_ref": "reference produit|productreferentie|riferimento prodotto|product reference",
        "sku": _SKU,
        "brand": "marque|merk|marca|editeur|uitgever|uitgeverij|editore|publisher",
        "category": "categorie|categories|categorieen|categoria|categorie produit",
        "gtin": "ean|ean13|ean 13|code barres|code a barres|barcode|streepjescode|codice a barre",
        "isbn": "", "isbn10": "isbn 10", "isbn13": "isbn 13",
        "author": "auteur|auteurs|autore|autori|authors",
        "publication_date": "date de publication|date de parution|parution|publicatiedatum|verschijningsdatum"
        "|data di pubblicazione|data pubblicazione",
        "product_form": "forme|productvorm|forma prodotto",
        "text_language": "langue|langue du texte|taal|lingua|language",
        "vat_class": "classe tva|btw klasse|classe iva|tax class",
        "weight_grams": "poids g|poids en grammes|gewicht g|gewicht in gram|peso g|peso in grammi|weight g",
        "picture_url": "image|images|photo|url image|afbeelding|afbeeldingen|immagine|immagini|picture|pictures"
        "|image url",
        "stock_policy": "politique de stock|voorraadbeleid|politica di magazzino",
        "options": "optie|opties|opzioni",
        "characteristics": "caracteristiques|kenmerken|caratteristiche",
        "discontinued": "arrete|stopgezet|fuori catalogo",
        "product_discontinued": "produit arrete|product stopgezet|prodotto fuori catalogo",
        **_by_language("name", _NAMES),
        **_by_language("description", _TEXTS),
    },
    {
        "option_": "option_", "optie_": "option_", "opzione_": "option_", "attr_": "attr_", "attribut_": "attr_",
        "kenmerk_": "attr_", "caractéristique_": "attr_", "caracteristique_": "attr_", "caratteristica_": "attr_",
    },
)  # fmt: skip
PRICES = Columns(
    ("price_list", "sku", "amount"),
    {
        "price_list": "tarif|liste de prix|prijslijst|listino|listino prezzi|price list code",
        "sku": _SKU,
        "min_quantity": "quantite minimale|quantite min|a partir de|minimumaantal|min aantal|vanaf aantal"
        "|quantita minima|minimum quantity",
        "amount": "prix|montant|prix unitaire|prijs|bedrag|eenheidsprijs|prezzo|importo|prezzo unitario|price"
        "|unit price",
        "currency": "devise|monnaie|valuta|munt",
        "valid_from": "valable du|valable a partir du|date de debut|geldig van|geldig vanaf|valido dal|data inizio",
        "valid_to": "valable avant le|geldig tot|valido prima del|valid before",
        "last_day": "valable jusqu au|valable au|dernier jour|geldig tot en met|geldig t m|laatste dag|valido fino al"
        "|ultimo giorno|valid until|last day",
    },
    {},
)
STOCK = Columns(
    ("warehouse", "sku", "quantity"),
    {
        "warehouse": "entrepot|depot|magazijn|magazzino|deposito",
        "sku": _SKU,
        "quantity": "quantite|qte|stock|aantal|voorraad|hoeveelheid|quantita|giacenza|qty",
    },
    {},
)
