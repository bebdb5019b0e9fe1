"""The source of a leaderboard that nobody publishes, as a third party would write it: a module as text."""

RIDDLES = '''"""A leaderboard that exists in tests alone."""

from collections.abc import Mapping

from budmodel_pipeline.sources.contract import Benchmark, Columns, Domain, Endpoint, Metric, Parsed, Source, Unit
from budmodel_pipeline.sources.ledger import Ledger
from budmodel_pipeline.sources.reading import csv_rows, number, published_name

METRIC = Metric("accuracy", "riddles", "Accuracy", Unit.PERCENT, True, 0, 100, headline=True)
COLUMNS = Columns(required=frozenset({"model", "accuracy"}))


def parse(files: Mapping[str, bytes]) -> Parsed:
    ledger = Ledger()
    for row in csv_rows(files["table"], "table", COLUMNS, ledger):
        name = published_name(row["model"])
        ledger.record(ledger.entry(name, name), ledger.scores(row, {"accuracy": METRIC}, number))
    return ledger.parsed()


SOURCE = Source(
    slug="riddles",
    title="Riddles",
    publisher="Nobody",
    homepage="https://riddles.example/",
    license=None,
    endpoints=(Endpoint("table", "https://riddles.example/table.csv?full=1", "csv"),),
    benchmarks=(Benchmark("riddles", "Riddles", Domain.GENERAL),),
    metrics=(METRIC,),
    columns={"table": COLUMNS},
    parse=parse,
)
'''
