"""What a maintainer relies on: versions that agree, forms that GitHub takes, hooks and the subjects' check."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import tinydf
from scripts import spdx

ROOT = Path(__file__).resolve().parent.parent
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
SUBJECTS = ROOT / "scripts" / "check-subjects"


def test_versions_agree() -> None:
    released = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    component = yaml.safe_load((ROOT / "firmware/esp-idf/tinydf/idf_component.yml").read_text())
    said = subprocess.run(
        [sys.executable, "-m", "tinydf.cli", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"tinydf, version {tinydf.__version__}\n"
    assert released[0] == component["version"] == tinydf.__version__


def test_make_help_lists_every_command() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    phony = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {line.split()[0] for line in listed.splitlines()} == set(" ".join(phony).split())


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_form(path: Path) -> None:
    """The rules of GitHub's syntax for issue forms that a form can break without being invalid YAML."""
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form) <= {"name", "description", "body", "labels", "title"}
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    identifiers = [field["id"] for field in fields]
    assert len(set(identifiers)) == len(identifiers) > 0
    for field in fields:
        assert field["type"] in {"input", "textarea", "dropdown", "checkboxes"}
        attributes: dict[str, Any] = field["attributes"]
        assert attributes["label"]
        assert isinstance(field["validations"]["required"], bool)
        for option in attributes.get("options", []):
            assert isinstance(option, str), "YAML took an option for something else than text"


def test_hooks_are_valid_and_need_no_network() -> None:
    subprocess.run([sys.executable, "-m", "pre_commit", "validate-config"], cwd=ROOT, check=True)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert {one["repo"] for one in hooks} == {"local"}
    assert {hook["language"] for one in hooks for hook in one["hooks"]} == {"system"}


def test_devcontainer_is_the_dockerfile() -> None:
    devcontainer = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert (ROOT / ".devcontainer" / devcontainer["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"


@pytest.mark.parametrize(("length", "status"), [(71, 0), (72, 1)])
def test_subject_of_a_message(tmp_path: Path, length: int, status: int) -> None:
    message = tmp_path / "MESSAGE"
    message.write_text("ü" * length + "\n\n" + "a body may be wide, " * 10 + "\n")
    assert subprocess.run([SUBJECTS, message], capture_output=True, check=False).returncode == status


def test_subjects_of_commits(tmp_path: Path) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for subject in ("short", "x" * 72):
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", subject], check=True)
    done = subprocess.run([SUBJECTS, "HEAD"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"commit subject of 72 characters or more: {'x' * 72}\n"
    assert subprocess.run([SUBJECTS, "HEAD~1"], cwd=tmp_path, check=False).returncode == 0


def test_licence_lines_are_added_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = {
        "a.py": '"""A."""\n',
        "scripts/b": "#!/bin/sh\necho\n",
        "c.h": "#pragma once\n",
        "empty.py": "",
        "d.md": "d\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet"], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    monkeypatch.setattr(spdx, "ROOT", tmp_path)
    assert [path.name for path in spdx.lacking()] == ["a.py", "c.h", "b"]
    for path in spdx.lacking():
        spdx.add(path)
    assert not spdx.lacking()
    assert (tmp_path / "a.py").read_text() == '# SPDX-License-Identifier: Apache-2.0\n"""A."""\n'
    assert (tmp_path / "scripts/b").read_text() == "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\necho\n"
    assert (tmp_path / "c.h").read_text() == "/* SPDX-License-Identifier: Apache-2.0 */\n#pragma once\n"
    assert (tmp_path / "empty.py").read_text() == ""
