"""``make bench``: every scenario in turn."""

from __future__ import annotations

from bench import flow, main_job

if __name__ == "__main__":
    main_job.main(with_clone=True)
    flow.main()
