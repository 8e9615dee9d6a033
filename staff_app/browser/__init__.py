"""The till on the device: the same app run by Pyodide in the browser, with the browser's own means
of reaching the gateway (`transport`) and of keeping things (`storage`). `web` holds what is no
Python: the page, the worker that runs Python, the encrypted store and the service worker.

The modules `js`, `pyodide` and `till_device` exist in that worker only, so they are imported by
`start` and by what it calls, never at the head of a module.
"""
