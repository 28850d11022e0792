"""The tables on other databases, and what a command that opens a store has to load."""

import subprocess
import sys
from types import SimpleNamespace

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex

from practicum.store import schema


def test_one_published_result_is_an_index_of_part_of_the_table_everywhere(monkeypatch):
    monkeypatch.setattr(schema, "create_engine", lambda url: SimpleNamespace(dialect=postgresql.dialect()))
    schema.engine_of("postgresql://host/name")
    (index,) = schema.ResultRow.__table__.indexes
    for dialect in (postgresql.dialect(), sqlite.dialect()):
        said = str(CreateIndex(index).compile(dialect=dialect))
        assert said.startswith("CREATE UNIQUE INDEX one_published_result ON results (submission_id) WHERE ")
        assert said.endswith("published")


def test_a_run_loads_nothing_that_only_its_workers_need():
    """Start-up is most of the time of a small run: pytest and NumPy alone take a third of a second."""
    needless = ("numpy", "pytest", "torch", "dask", "matplotlib", "asyncpg", "sqlalchemy.dialects.postgresql")
    program = (
        "import sys, practicum.cli.grade_view, practicum.grading.grade, practicum.grading.backends; "
        f"print([name for name in {needless!r} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
