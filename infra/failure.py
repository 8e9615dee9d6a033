"""What the person at the command line can act on: shown as one line, without a traceback."""


class Failure(Exception):
    pass
