"""The provider's agent: proves compute, mints, and delivers the jobs that buyers redeem sSTB for."""
