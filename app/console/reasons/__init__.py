"""Reasons, which are kept in English, in the language of who reads them."""
