"""The table of docs/performance.md says what the files of results say."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench" / "results"


@pytest.fixture(scope="module")
def report():
    spec = importlib.util.spec_from_file_location("bench_report", ROOT / "bench" / "report.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_document_has_the_table_of_the_results(report):
    _, inside, _ = report.parts(report.DOCUMENT.read_text())
    assert inside == report.table(), "run: python bench/report.py --write"


def test_another_result_makes_another_table(report, tmp_path):
    for path in RESULTS.glob("*.json"):
        shutil.copy(path, tmp_path)
    assert report.table(tmp_path) == report.table()
    path = tmp_path / "small_requests.json"
    result = json.loads(path.read_text())
    result["rows"]["head"]["orlop driver"]["cpu_us"] *= 3
    path.write_text(json.dumps(result))
    line = next(line for line in report.table(tmp_path).splitlines() if "Driver::stat" in line)
    assert line.endswith("| **no** |")


def test_every_result_says_how_it_came_about():
    for path in RESULTS.glob("*.json"):
        result = json.loads(path.read_text())
        assert {"command", "date", "machine", "rows"} <= result.keys(), path.name
        assert (ROOT / "bench" / f"{path.stem}.py").exists(), f"{path.name} was made by no program in bench/"
