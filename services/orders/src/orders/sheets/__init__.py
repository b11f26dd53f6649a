"""Order sheets: the open cart, whole drafts, their main fields and lines; reading and listing orders."""
