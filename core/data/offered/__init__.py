"""What a person offers: files, folders and archives, read through one gate."""
