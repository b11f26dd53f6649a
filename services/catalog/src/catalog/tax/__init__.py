"""VAT rates by country, class and date."""
