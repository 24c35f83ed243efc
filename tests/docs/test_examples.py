"""The runner itself: what it runs, what it refuses, and that it notices a difference."""

from pathlib import Path

import pytest

from tests.docs.examples import agrees, blocks, commands, failures, rewritten


def page(folder: Path, *lines: str) -> Path:
    path = folder / "page.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def check(folder: Path, *lines: str) -> list[str]:
    return failures(page(folder, *lines), root=folder)


def test_output_that_agrees(tmp_path):
    assert check(tmp_path, "```console", "$ echo 停电; echo 3 s", "停电", "... s", "```") == []


def test_output_that_differs(tmp_path):
    (complaint,) = check(tmp_path, "# A", "", "```console", "$ echo one", "two", "```")
    assert complaint.startswith("page.md:4: `echo one` printed something else:")
    assert "    one" in complaint


def test_missing_output_is_a_difference(tmp_path):
    assert check(tmp_path, "```console", "$ echo one", "```")


def test_exit_code(tmp_path):
    assert check(tmp_path, "```console", "$ false", "```")
    assert check(tmp_path, "```console", "$ false  # exit 1", "```") == []
    assert check(tmp_path, "```console", "$ true  # exit 1", "```")


def test_blocks_share_a_folder_and_files_are_written(tmp_path):
    body = ["<!-- file: feeder/lines.csv -->", "```csv", "line_id,length_m", "L1,120", "```", "", "```console"]
    assert (
        check(tmp_path, *body, "$ wc -l < feeder/lines.csv", "2", "$ cat > note <<END", "> hello", "> END", "```") == []
    )
    assert check(tmp_path, *body, "$ cat note  # exit 1", "cat: note: No such file or directory", "```") == []


def test_file_outside_the_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match="outside"):
        check(tmp_path, "<!-- file: ../escape.csv -->", "```csv", "x", "```")


def test_python_blocks_share_names(tmp_path):
    assert check(tmp_path, "```python", ">>> x = 20", "```", "and", "```python", ">>> x + 1", "21", "```") == []
    assert check(tmp_path, "```python", ">>> 1 + 1", "3", "```")


def test_nothing_is_left_out_silently(tmp_path):
    assert check(tmp_path, "```bash", "rm -rf x", "```")
    assert check(tmp_path, "```console", "rm -rf x", "```")
    assert check(tmp_path, "```python", "import antigravity", "```")
    assert check(tmp_path, "<!-- not run: -->", "```bash", "false", "```")
    assert check(tmp_path, "<!-- not run: needs a SCADA system -->", "```bash", "false", "```") == []
    assert check(tmp_path, "<!-- not run: only the next block -->", "```text", "x", "```", "```bash", "x", "```")


def test_own_commands_need_no_reason_unless_they_claim_output(tmp_path):
    assert check(tmp_path, "```console", "$ ./run demo", "$ ./run test", "```") == []
    assert check(tmp_path, "```console", "$ ./run test", "everything passed", "```")


def test_ellipsis():
    assert agrees(["..."], [])
    assert agrees(["a", "...", "z"], ["a", "z"])
    assert not agrees(["a", "...", "z"], ["a", "y"])
    assert agrees(["took ... s (gap ... %)"], ["took 1.2 s (gap 3 %)"])
    assert not agrees(["a.c"], ["abc"])


def test_commands_of_a_block_with_indent():
    (block,) = blocks("* item\n  ```console\n  $ a\n  out\n  $ b\n  ```\n")
    assert [(c.text, c.expected) for c in commands(block)] == [("a", ("out",)), ("b", ())]


def test_rewriting_keeps_what_agrees(tmp_path):
    path = page(tmp_path, "```console", "$ echo 7 s", "... s", "$ echo new", "old", "older", "```", "end")
    assert rewritten(path).splitlines() == ["```console", "$ echo 7 s", "... s", "$ echo new", "new", "```", "end"]
