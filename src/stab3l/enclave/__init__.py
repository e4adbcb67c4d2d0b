"""Where a provider's result is signed: what an enclave offers, and one of software for local chains."""
