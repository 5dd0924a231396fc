"""Settings and URLs of the site, its command line, and the private PostgreSQL."""

# The one place where the version is written: pyproject.toml, the page, the API and the metrics read
# it here.
__version__ = "0.1.0"
