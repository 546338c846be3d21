"""Models that run in the browser: JavaScript modules, and how they reach a page as one script."""
