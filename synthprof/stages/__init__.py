"""The work of the stages: `synthprof.stages.<name>` has the function `run`, Context -> Outcome.

The table of stages is `synthprof.pipeline`; it imports these modules only where the work is done.
"""
