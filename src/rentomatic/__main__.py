"""`python -m rentomatic`."""

import sys

try:
    from rentomatic.cli.main import main

    main()
except KeyboardInterrupt:  # while the program is still being imported
    sys.exit(130)
