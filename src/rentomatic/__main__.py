"""`python -m rentomatic`."""

from rentomatic.cli.main import main

main()
