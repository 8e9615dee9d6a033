"""The staff app: floor staff on phone and tablet. It speaks GraphQL with the gateway, nothing else.

Screens only draw; what they show is in small observables (`state`), what they do in `work`; all
HTTP is in `client` behind a transport, all that survives a reload in `storage`.
"""

VERSION = "0.1.0"
"""As in pyproject.toml: on a device there is nothing to ask for it."""
