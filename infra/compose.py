"""The step before the services of docker-compose.yml: ``python -m infra.compose``.

Makes the databases on the server of DATABASE_URL where they are missing, and brings each to its
newest version. Run it again with every new version, before the new services start.
"""

import os
import sys

from infra import migrations
from infra.failure import Failure


def main() -> int:
    server = os.environ.get("DATABASE_URL")
    if not server:
        print("DATABASE_URL is missing: postgresql://user:password@host:port", file=sys.stderr)
        return 2
    try:
        for service in migrations.migrate_all(server):
            print(f"{service}: up to date", flush=True)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
