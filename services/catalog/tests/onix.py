"""Plain functions that write ONIX messages for tests."""

from __future__ import annotations

from catalog.products.identifiers import gs1_check_digit

NAMESPACE = 'release="3.0" xmlns="http://ns.editeur.org/onix/3.0/reference"'


def isbn(number: int) -> str:
    body = f"978{number:09d}"
    return body + gs1_check_digit(body)


def title(text: str, language: str = "", kind: str = "01", subtitle: str = "") -> str:
    said = f' language="{language}"' if language else ""
    extra = f"<Subtitle>{subtitle}</Subtitle>" if subtitle else ""
    return (
        f"<TitleDetail><TitleType>{kind}</TitleType><TitleElement><TitleElementLevel>01</TitleElementLevel>"
        f"<TitleText{said}>{text}</TitleText>{extra}</TitleElement></TitleDetail>"
    )


def descriptive(name: str = "Roseanna", *, form: str = "BC", language: str = "eng", more: str = "") -> str:
    return (
        f"<DescriptiveDetail><ProductComposition>00</ProductComposition><ProductForm>{form}</ProductForm>"
        f"{title(name)}<Language><LanguageRole>01</LanguageRole><LanguageCode>{language}</LanguageCode></Language>"
        f"{more}</DescriptiveDetail>"
    )


def subject(scheme: str, code: str) -> str:
    return (
        f"<Subject><SubjectSchemeIdentifier>{scheme}</SubjectSchemeIdentifier>"
        f"<SubjectCode>{code}</SubjectCode></Subject>"
    )


def contributor(number: int, role: str, name: str) -> str:
    return (
        f"<Contributor><SequenceNumber>{number}</SequenceNumber><ContributorRole>{role}</ContributorRole>"
        f"<PersonName>{name}</PersonName></Contributor>"
    )


def publishing(status: str = "04", date: str = "20200501", imprint: str = "Imprint") -> str:
    return (
        f"<PublishingDetail><Imprint><ImprintName>{imprint}</ImprintName></Imprint>"
        f"<PublishingStatus>{status}</PublishingStatus><PublishingDate><PublishingDateRole>01</PublishingDateRole>"
        f'<Date dateformat="00">{date}</Date></PublishingDate></PublishingDetail>'
    )


def price(
    amount: str,
    kind: str = "04",
    *,
    currency: str = "EUR",
    countries: str = "BE FR",
    quantity: int = 0,
    begin: str = "",
    end: str = "",
    qualifier: str = "",
) -> str:
    dates = "".join(
        f"<PriceDate><PriceDateRole>{role}</PriceDateRole><Date>{day}</Date></PriceDate>"
        for role, day in (("14", begin), ("15", end))
        if day
    )
    return (
        f"<Price><PriceType>{kind}</PriceType>"
        + (f"<PriceQualifier>{qualifier}</PriceQualifier>" if qualifier else "")
        + (f"<MinimumOrderQuantity>{quantity}</MinimumOrderQuantity>" if quantity else "")
        + f"<PriceAmount>{amount}</PriceAmount><CurrencyCode>{currency}</CurrencyCode>"
        + (f"<Territory><CountriesIncluded>{countries}</CountriesIncluded></Territory>" if countries else "")
        + f"{dates}</Price>"
    )


def supply(*prices: str, availability: str = "20", market: str = "") -> str:
    where = (
        f"<Market><Territory><CountriesIncluded>{market}</CountriesIncluded></Territory></Market>"
        if market
        else ""
    )
    return (
        f"<ProductSupply>{where}<SupplyDetail><Supplier><SupplierRole>01</SupplierRole></Supplier>"
        f"<ProductAvailability>{availability}</ProductAvailability>{''.join(prices)}</SupplyDetail></ProductSupply>"
    )


def identifier(kind: str, value: str) -> str:
    return f"<ProductIdentifier><ProductIDType>{kind}</ProductIDType><IDValue>{value}</IDValue></ProductIdentifier>"


def product(ref: str, *blocks: str, number: int = 1, notification: str = "03", ids: str = "") -> str:
    names = ids or identifier("15", isbn(number))
    return (
        f"<Product><RecordReference>{ref}</RecordReference><NotificationType>{notification}</NotificationType>"
        f"{names}{''.join(blocks)}</Product>"
    )


def message(*products: str, opening: str = "", attributes: str = NAMESPACE, header: str = "") -> str:
    head = f"<Header><Sender><SenderName>x</SenderName></Sender>{header}</Header>"
    return f"{opening}<ONIXMessage {attributes}>{head}{''.join(products)}</ONIXMessage>"
