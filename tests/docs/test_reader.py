"""The reader of documents itself: it must not let a block go by, nor take a wrong output for the right one."""

import pytest
from docs.snippets import agrees, commands, read

DOCUMENT = """\
Text.

```console
$ echo one
one
$ cat <<END
> two
> END
two
```

<!-- not run: needs a cloud -->
```console
$ false
```

<!-- run python
hidden = 1
-->

1. In a list:

   ```python
   if hidden:
       pass
   ```

```toml
[not.code]
```
"""


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "document.md"
    path.write_text(DOCUMENT)
    return path


def test_blocks(document):
    found = [(snippet.language, snippet.text) for snippet in read(document)]
    assert [language for language, _ in found] == ["console", "python", "python"]
    assert found[1][1] == "hidden = 1\n"
    assert found[2][1] == "if hidden:\n    pass\n"


def test_commands_and_what_they_show(document):
    first, second = commands(read(document)[0])
    assert (first.text, first.expected) == ("echo one", ["one"])
    assert (second.text, second.expected) == ("cat <<END\ntwo\nEND", ["two"])


def test_a_block_without_an_end_is_an_error(tmp_path):
    path = tmp_path / "document.md"
    path.write_text("```python\npass\n")
    with pytest.raises(ValueError):
        read(path)


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (["a"], ["a"], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["a", "..."], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "b", "c"], True),
        (["a", "...", "d"], ["a", "b", "c"], False),
        (["x ... z"], ["x y z"], True),
        (["2024-01-01T00:00:00Z  5  a"], ["2026-11-21T11:00:00Z     5  a"], True),
        (["2024-01-01T00:00:00Z  5  a"], ["2026-11-21T11:00:00Z     6  a"], False),
        (["http://127.0.0.1:9000/x"], ["http://127.0.0.1:41234/x"], True),
        ([], ["a"], False),
    ],
)
def test_outputs_are_compared_without_what_changes(expected, actual, same):
    assert agrees(expected, actual) is same
