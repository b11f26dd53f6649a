"""Lists of orders as files for spreadsheets."""
