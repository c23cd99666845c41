"""From a document to a status report."""
