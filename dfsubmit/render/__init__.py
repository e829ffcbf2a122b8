"""Values to text, one file a format; nothing here prints."""
