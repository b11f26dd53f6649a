"""The README of an archive, in the languages of the shop."""

from __future__ import annotations

import datetime

_FILES = {
    "en": {
        "customers": "account, persons, addresses, sign-ins and what was done in their name",
        "orders": "orders with their lines and history",
        "notifications": "mails that were sent",
        "catalog": "conditions agreed for the account",
        "library": "budgets of the account with their entries",
    },
    "fr": {
        "customers": "compte, personnes, adresses, connexions et ce qui a été fait en leur nom",
        "orders": "commandes avec leurs lignes et leur historique",
        "notifications": "courriels envoyés",
        "catalog": "conditions convenues pour le compte",
        "library": "budgets du compte et leurs écritures",
    },
    "nl": {
        "customers": "account, personen, adressen, aanmeldingen en wat in hun naam is gedaan",
        "orders": "bestellingen met hun regels en geschiedenis",
        "notifications": "verzonden e-mails",
        "catalog": "afgesproken voorwaarden voor het account",
        "library": "budgetten van het account met hun boekingen",
    },
    "it": {
        "customers": "conto, persone, indirizzi, accessi e ciò che è stato fatto a loro nome",
        "orders": "ordini con le loro righe e la loro cronologia",
        "notifications": "e-mail inviate",
        "catalog": "condizioni concordate per il conto",
        "library": "budget del conto con le loro registrazioni",
    },
}
_HEAD = {
    "en": (
        "Your data",
        "Everything that we hold about you (GDPR, articles 15 and 20), as of {moment} UTC.",
        "The files are JSON (RFC 8259) in UTF-8: a list of entries under each heading. Times are in UTC, amounts in the"
        " smallest unit of the currency where their name does not say otherwise.",
        "Passwords are not in it: we keep only a digest from which they cannot be computed.",
    ),
    "fr": (
        "Vos données",
        "Tout ce que nous détenons à votre sujet (RGPD, articles 15 et 20), au {moment} UTC.",
        "Les fichiers sont en JSON (RFC 8259), codés en UTF-8 : une liste par rubrique. Les heures sont en UTC, les"
        " montants dans la plus petite unité de la devise, sauf si leur nom dit autre chose.",
        "Les mots de passe n'y figurent pas : nous n'en gardons qu'une empreinte qui ne permet pas de les retrouver.",
    ),
    "nl": (
        "Uw gegevens",
        "Alles wat wij over u bewaren (AVG, artikelen 15 en 20), op {moment} UTC.",
        "De bestanden zijn JSON (RFC 8259) in UTF-8: een lijst per rubriek. Tijden zijn in UTC, bedragen in de kleinste"
        " eenheid van de munt, tenzij hun naam iets anders zegt.",
        "Wachtwoorden staan er niet in: wij bewaren alleen een afdruk waaruit ze niet te berekenen zijn.",
    ),
    "it": (
        "I vostri dati",
        "Tutto ciò che conserviamo su di voi (GDPR, articoli 15 e 20), al {moment} UTC.",
        "I file sono in JSON (RFC 8259), codificati in UTF-8: un elenco per ogni voce. Gli orari sono in UTC, gli"
        " importi nell'unità minima della valuta, se il loro nome non dice altro.",
        "Le password non ci sono: ne conserviamo solo un'impronta dalla quale non si possono ricavare.",
    ),
}
NAMES = {"en": "README.txt", "fr": "LISEZMOI.txt", "nl": "LEESMIJ.txt", "it": "LEGGIMI.txt"}


def text(language: str, moment: datetime.datetime, files: list[tuple[str, str]]) -> str:
    """`files`: name in the archive and the service it comes from. A language of nobody is English."""
    known = language if language in _HEAD else "en"
    title, what, how, passwords = _HEAD[known]
    lines = [title, "=" * len(title), "", what.format(moment=moment.strftime("%Y-%m-%d %H:%M")), ""]
    lines += [f"  {name:<24} {_FILES[known].get(service, service)}" for name, service in files]
    return "\r\n".join([*lines, "", how, "", passwords, ""])
