"""From a document to an event with its pictures, whatever firmware form it has."""
