"""Directory: brand → region → franchisee → store, staff, roles and scopes, registered devices, API
clients, sign-in and the audit log.

It owns the stores: the other services keep copies, fed by `StoreChanged`.
Emits: `StoreChanged`, `StaffChanged`, `DeviceChanged`, `OrganisationChanged`, `SignInObserved`,
`SignInPolicyPublished`, `SettingPublished`.
Consumes: every audited event of every service, its own too, for the audit log (X11).
"""
