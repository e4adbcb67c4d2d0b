"""The exchange process: the gRPC gateway that hosts the native engine, its client, and the listing of a network."""
