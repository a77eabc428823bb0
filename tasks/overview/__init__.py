"""The start page: what is in use, how it came to be, what ran, what comes next, and what failed, with links to each."""

from tasks.overview.page import start_page, write_start_page

__all__ = ["start_page", "write_start_page"]
