"""Reading folders of tables: checks, references, statements and reports."""

LOADER_VERSION = "3"  # a part of every load id: one more where the same bytes come to say something else
