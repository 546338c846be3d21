"""Components of the browser: their Python, JavaScript and styles."""
