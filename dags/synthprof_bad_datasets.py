"""Airflow shows what is wrong with the files in `datasets/` as the import error of this file.

It makes no DAG. An import error hides all DAGs of its file, so those of the good files are made in
synthprof_dags.py, which leaves the bad ones out.
"""

from synthprof.base.errors import SpecError
from synthprof.orchestration.tasks.datasets import read_all

bad = read_all()[1]
if bad:
    raise SpecError("\n".join(map(str, bad)))
