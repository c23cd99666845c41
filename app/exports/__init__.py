"""Events as files: lines of CSV and JSON, and archives with their pictures."""
