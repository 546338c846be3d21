"""The app driven from outside: a server, visitors without a browser, a walk through all views."""
