"""Real towns with a postal code of theirs, and common names: what made-up customers are made of."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A town: country, language of its people, postal code, name, and in Italy the province."""

    country: str
    language: str
    postal_code: str
    city: str
    area: str = ""


PLACES = (
    Place("BE", "fr", "1000", "Bruxelles"),
    Place("BE", "fr", "1050", "Ixelles"),
    Place("BE", "fr", "4000", "Liège"),
    Place("BE", "fr", "5000", "Namur"),
    Place("BE", "fr", "6000", "Charleroi"),
    Place("BE", "fr", "7000", "Mons"),
    Place("BE", "fr", "1348", "Louvain-la-Neuve"),
    Place("BE", "fr", "6600", "Bastogne"),
    Place("BE", "nl", "2000", "Antwerpen"),
    Place("BE", "nl", "3000", "Leuven"),
    Place("BE", "nl", "9000", "Gent"),
    Place("BE", "nl", "8000", "Brugge"),
    Place("BE", "nl", "8500", "Kortrijk"),
    Place("BE", "nl", "3500", "Hasselt"),
    Place("BE", "nl", "2800", "Mechelen"),
    Place("FR", "fr", "75011", "Paris"),
    Place("FR", "fr", "59000", "Lille"),
    Place("FR", "fr", "69002", "Lyon"),
    Place("FR", "fr", "13001", "Marseille"),
    Place("FR", "fr", "31000", "Toulouse"),
    Place("FR", "fr", "44000", "Nantes"),
    Place("FR", "fr", "67000", "Strasbourg"),
    Place("FR", "fr", "33000", "Bordeaux"),
    Place("FR", "fr", "54000", "Nancy"),
    Place("NL", "nl", "1012 JS", "Amsterdam"),
    Place("NL", "nl", "3511 AX", "Utrecht"),
    Place("NL", "nl", "3011 AD", "Rotterdam"),
    Place("NL", "nl", "5611 EM", "Eindhoven"),
    Place("NL", "nl", "6211 CH", "Maastricht"),
    Place("NL", "nl", "9712 HM", "Groningen"),
    Place("IT", "it", "20121", "Milano", "MI"),
    Place("IT", "it", "10121", "Torino", "TO"),
    Place("IT", "it", "40121", "Bologna", "BO"),
    Place("IT", "it", "50122", "Firenze", "FI"),
    Place("IT", "it", "00184", "Roma", "RM"),
    Place("IT", "it", "37121", "Verona", "VR"),
    Place("IT", "it", "16121", "Genova", "GE"),
)

FIRST_NAMES = {
    "fr": "Marie Camille Élodie Hélène Sophie Chloé Inès Lucie Benoît Julien Thierry François Loïc Rémi Noël",
    "nl": "Sofie Lotte Anke Femke Katrien Marieke Griet Pieter Jeroen Bram Koen Wouter Joris Daan Stijn",
    "it": "Giulia Chiara Francesca Elena Alessia Martina Sara Marco Luca Matteo Andrea Davide Niccolò Paolo",
}
LAST_NAMES = {
    "fr": "Dubois Lefèvre Lambert Renard Collard Moreau Gérard Fontaine Mercier Perrin Noël Hubert Delvaux",
    "nl": "Peeters Janssens Maes Jacobs Mertens Willems Claes Goossens Visser Bakker Vermeulen Dekker",
    "it": "Rossi Bianchi Ferrari Romano Colombo Ricci Marino Greco Conti Gallo Fontana Caruso Rinaldi Nicolò",
}
STREETS = {
    "fr": "Rue de la Gare|Rue des Écoles|Avenue Victor Hugo|Place du Marché|Rue Saint-Jacques|Quai du Nord",
    "nl": "Stationsstraat|Kerkstraat|Grote Markt|Nieuwstraat|Schoolstraat|Molenweg|Lange Gasthuisstraat",
    "it": "Via Roma|Via Garibaldi|Corso Italia|Piazza del Duomo|Via Dante|Via San Marco|Viale della Libertà",
}
SHOPS = {
    "fr": "Librairie {0}|Sport {0}|Boutique {0} & Fils|Maison {0}|Papeterie {0}|Comptoir {0}",
    "nl": "Boekhandel {0}|Sporthuis {0}|{0} & Zonen|Winkel {0}|Kledingzaak {0}|Drukkerij {0}",
    "it": "Libreria {0}|{0} Sport|Abbigliamento {0}|Casa {0}|Cartoleria {0}|Bottega {0}",
}
LEGAL_FORMS = {"BE-fr": "SRL", "BE-nl": "BV", "FR-fr": "SARL", "NL-nl": "B.V.", "IT-it": "S.r.l."}
LIBRARIES = {"fr": "Bibliothèque de {0}", "nl": "Bibliotheek {0}", "it": "Biblioteca di {0}"}
RESIDENCES = {
    "fr": "Résidence Les Tilleuls, {0}",
    "nl": "Woonzorgcentrum De Linde, {0}",
    "it": "Residenza I Tigli, {0}",
}
SCHOOLS = {"fr": "Lycée de {0}", "nl": "Stedelijk Lyceum {0}", "it": "Liceo di {0}"}
