"""Messages, names and catalogs: what people read, in each language."""
