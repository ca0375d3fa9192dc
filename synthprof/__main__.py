"""The command line as a module: `python -m synthprof`."""

from synthprof.cli.main import main

main()
