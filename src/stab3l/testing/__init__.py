"""What tests are judged by: the reference exchange, and fakes of the ports."""

from __future__ import annotations
