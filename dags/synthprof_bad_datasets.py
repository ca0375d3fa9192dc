"""Airflow shows what is wrong in `datasets/` and `schemas/` as the import error of this file.

It makes no DAG. An import error hides all DAGs of its file, so those of the good files are made in
synthprof_dags.py, which leaves the bad data sets out; a run with a bad schema is refused.
"""

from synthprof.base.errors import SpecError
from synthprof.orchestration.tasks.datasets import read_all
from synthprof.stages.own_schema import wrong_ones

bad = [*map(str, read_all()[1]), *wrong_ones()]
if bad:
    raise SpecError("\n".join(bad))
