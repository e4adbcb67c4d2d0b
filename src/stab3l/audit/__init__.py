"""An auditor's own implementation of the exchange: slow, simple, and sharing no code with the engine.

`ReferenceExchange` follows docs/reference/engine.md; `Auditor` believes only events.
"""
