"""Untrusted files, folders and archives of images, read with checks and limits."""
