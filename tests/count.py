"""Counts the JUnit files of a test run and prints its last line; fails when a test did, or when there was none."""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def main(results: Path) -> int:
    passed = failed = 0
    for file in sorted(results.glob("*.xml")):
        for case in ElementTree.parse(file).iter("testcase"):
            name = f"{case.get('classname')} {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
                print(f"failed: {file.stem}: {name}")
            elif (skipped := case.find("skipped")) is not None:
                print(f"skipped: {file.stem}: {name}: {skipped.get('message', '')}")
            else:
                passed += 1
    broken = results / "broken"
    if broken.exists() and not failed:
        for line in broken.read_text().splitlines():
            failed += 1
            print(f"broken: {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
