"""Request to stored event: decode, validate, record, acknowledge."""
