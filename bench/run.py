"""``make bench``: every scenario in turn."""

from __future__ import annotations

from bench import engine, flow, main_job, peg, peg_scenarios
from stab3l.measure.engine import Scale

if __name__ == "__main__":
    engine.main(Scale())
    main_job.main(with_clone=True)
    flow.main()
    peg.main(quick=False)
    peg_scenarios.main()
