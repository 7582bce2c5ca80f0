"""A finding: its place, its order, its fields."""

from __future__ import annotations

from keras_ckpt.migrate.report.finding import Finding


def test_the_order_is_that_of_files_cells_and_lines() -> None:
    places = [("a.py", 0, 2, 1), ("a.py", 0, 10, 1), ("b.ipynb", 2, 9, 1), ("b.ipynb", 11, 1, 1)]
    findings = [Finding(*place, "KC101") for place in places]
    assert sorted([findings[2], findings[1], findings[3], findings[0]]) == findings


def test_where() -> None:
    assert Finding("a.py", 0, 4, 5, "KC101").where == "a.py:4:5"
    assert Finding("a.ipynb", 3, 4, 5, "KC101").where == "a.ipynb:cell 3:4:5"


def test_fields() -> None:
    of_file, of_cell = (Finding("a", cell, 4, 5, "KC101").to_dict() for cell in (0, 1))
    assert set(of_cell) - set(of_file) == {"cell"}
    assert of_file["page"] == "docs/rules/KC101.md"
