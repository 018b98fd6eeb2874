"""A long siege of a real server: `python -m tests.soak`. What must hold for minutes, tests hold for seconds."""
