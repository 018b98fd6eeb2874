"""`python -m server` is `civic-graph`."""

from server.cli import main

if __name__ == "__main__":  # a worker that is spawned imports this again
    main(prog_name="civic-graph")
