"""`python -m infra`: the command line that `./chainstitch` hands over to."""

import warnings

# Known, and decided on: whoever runs a shop need not read it before every answer.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")

from infra.cli import main  # noqa: E402  (the warning comes with an import)

main()
