"""The web app: main script, live chart, code shared by pages, and code of single pages."""
