"""The command line inside docker-compose.yml, where there is no state folder.

``python -m infra.compose``          makes and migrates the databases: the step before the services
``python -m infra.compose COMMAND``  a command of ./chainstitch (audit, events) on the servers that
                                     DATABASE_URL and AMQP_URI name
"""

import os
import sys
import tempfile
from pathlib import Path

from infra import cli, migrations
from infra.failure import Failure
from infra.state import write_environment


def main(arguments: list[str]) -> int:
    missing = [name for name in ("DATABASE_URL", "AMQP_URI") if not os.environ.get(name)]
    if missing:
        print(f"missing in the environment: {', '.join(missing)}", file=sys.stderr)
        return 2
    if arguments:
        _hand_over(arguments)
        return 0
    try:
        for service in migrations.migrate_all(os.environ["DATABASE_URL"]):
            print(f"{service}: up to date", flush=True)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _hand_over(arguments: list[str]) -> None:
    """What `up` would have written down is what this process was given."""
    with tempfile.TemporaryDirectory() as folder:
        given = {name: value for name, value in os.environ.items() if "\n" not in value}
        write_environment(Path(folder) / "run.env", given)
        os.environ["CHAINSTITCH_STATE"] = folder
        sys.argv = ["chainstitch", *arguments]
        cli.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
