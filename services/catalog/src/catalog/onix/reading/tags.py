"""Short tags of the elements that are read, as the ONIX 3.1 schema pairs them with reference names.

Composites have the same name in lower case.
"""

from __future__ import annotations

_DATA = {
    "RecordReference": "a001", "NotificationType": "a002",
    "ProductIDType": "b221", "IDTypeName": "b233", "IDValue": "b244",
    "ProductComposition": "x314", "ProductForm": "b012", "MeasureType": "x315", "Measurement": "c094",
    "MeasureUnitCode": "c095", "TitleType": "b202", "TitleElementLevel": "x409", "TitleText": "b203",
    "TitlePrefix": "b030", "TitleWithoutPrefix": "b031", "Subtitle": "b029", "PartNumber": "x410",
    "ContributorRole": "b035", "PersonName": "b036", "PersonNameInverted": "b037", "NamesBeforeKey": "b039",
    "PrefixToKey": "b247", "KeyNames": "b040", "NamesAfterKey": "b041", "SuffixToKey": "b248",
    "CorporateName": "b047", "CorporateNameInverted": "x443", "SequenceNumber": "b034",
    "LanguageRole": "b253", "LanguageCode": "b252", "ExtentType": "b218", "ExtentValue": "b219",
    "ExtentUnit": "b220", "SubjectSchemeIdentifier": "b067", "SubjectSchemeName": "b171", "SubjectCode": "b069",
    "SubjectHeadingText": "b070", "EditionNumber": "b057", "EditionStatement": "b058",
    "TextType": "x426", "Text": "d104", "ResourceContentType": "x436", "ResourceMode": "x437",
    "ResourceLink": "x435", "ImprintName": "b079", "PublishingRole": "b291", "PublisherName": "b081",
    "PublishingStatus": "b394", "PublishingDateRole": "x448", "Date": "b306", "DateFormat": "j260",
    "MarketDateRole": "j408",
    "CountriesIncluded": "x449", "CountriesExcluded": "x451", "RegionsIncluded": "x450",
    "RegionsExcluded": "x452", "ProductAvailability": "j396", "PriceType": "x462", "PriceQualifier": "j261",
    "PriceConditionType": "x463", "MinimumOrderQuantity": "j263", "PriceAmount": "j151", "CurrencyCode": "j152",
    "PriceDateRole": "x476", "DefaultLanguageOfText": "m184", "DefaultPriceType": "x310",
    "DefaultCurrencyCode": "m186", "NoProduct": "x507",
}  # fmt: skip
_COMPOSITES = (
    "Header", "Product", "ProductIdentifier", "DescriptiveDetail", "Measure", "Collection", "TitleDetail",
    "TitleElement", "Contributor", "Language", "Extent", "Subject", "CollateralDetail", "TextContent",
    "SupportingResource", "ResourceVersion", "PublishingDetail", "Imprint", "Publisher", "PublishingDate",
    "ProductSupply", "Market", "Territory", "MarketPublishingDetail", "MarketDate", "SupplyDetail", "Price",
    "PriceCondition", "PriceDate", "AlternativeName",
)  # fmt: skip

REFERENCE = {short: name for name, short in _DATA.items()} | {name.lower(): name for name in _COMPOSITES}
