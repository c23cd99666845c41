"""From the bytes of a body to its documents, whatever charset, compression or kind of form carried them."""
