"""Labels: saved with who, when and what was shown; none is lost, and counts have them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from audit.estimates.prediction_powered import UNSURE
from audit.labels.stored import stored_labels
from audit.labels.task import LabelTask, tasks_of
from audit.sample import references_path
from tests.explorer.conftest import begin, draw, say


@pytest.fixture
def browser(pictures, open_explorer):
    return open_explorer("pictures", pictures).enter()


def journal_of(dataset):
    (path,) = tasks_of(dataset)
    lines = (path.parent / "journal.jsonl").read_text().splitlines()
    return path, [json.loads(line) for line in lines]


@pytest.fixture
def dataset(pictures):
    import audit as package

    return package.open("pictures").dataset


def test_a_label_is_kept_with_who_when_and_what_was_shown(browser, dataset):
    task = draw(browser)
    page = begin(browser, task, "Ann")
    picture = browser.get(f"/label/{task}/picture/1")
    assert picture.headers["content-type"] == "image/jpeg"
    assert say(browser, task, 1, "yes").status_code == 303
    _, (entry,) = journal_of(dataset)
    assert entry["who"] == "Ann"
    assert entry["label"] == "yes"
    assert entry["when"].endswith("+00:00")
    assert entry["shown"]["picture_sha256"] == hashlib.sha256(picture.content).hexdigest()
    assert len(entry["shown"]["references_sha256"]) == 10
    assert entry["shown"]["seed"] == 0
    # Neither caption nor score would leave them free to say what they see.
    assert "gramastar by" not in page
    assert "score" not in page.partition("<main")[2]


def test_one_goes_on_to_the_next_and_back_to_change(browser, dataset):
    task = draw(browser)
    begin(browser, task, "Ann")
    assert say(browser, task, 1, "yes").headers["location"] == f"/label/{task}?n=2"
    assert say(browser, task, 2, "no").headers["location"] == f"/label/{task}?n=3"
    assert say(browser, task, 1, "no").headers["location"] == f"/label/{task}?n=3"
    path, entries = journal_of(dataset)
    assert [entry["label"] for entry in entries] == ["yes", "no", "no"]
    assert stored_labels(path.parent, LabelTask.read(path)).answers == {0: 0, 1: 0}


def test_when_all_are_labelled_it_is_said(browser):
    task = draw(browser, samples=4)
    begin(browser, task, "Ann")
    many = int(re.search(r"1 of (\d+)", browser.get(f"/label/{task}?n=1").text)[1])
    for number in range(1, many + 1):
        say(browser, task, number, "yes")
    assert "all labelled" in browser.get(f"/label/{task}").text


def test_two_people_at_once_are_kept_apart(browser, pictures, open_explorer, dataset):
    other = open_explorer("pictures", pictures).enter()
    task = draw(browser)
    begin(browser, task, "Ann")
    begin(other, task, "Bob")
    for number, (ann, bob) in enumerate((("yes", "yes"), ("yes", "no"), ("no", "no")), 1):
        assert say(browser, task, number, ann).status_code == 303
        assert say(other, task, number, bob).status_code == 303
    path, entries = journal_of(dataset)
    assert sorted({entry["who"] for entry in entries}) == ["Ann", "Bob"]
    stored = stored_labels(path.parent, LabelTask.read(path))
    assert stored.answers == {0: 1, 1: UNSURE, 2: 0}
    assert (stored.agreement.by_several, stored.agreement.alike) == (3, 2)
    assert "Ann and Bob" in browser.get(f"/label/{task}").text


def test_counts_have_the_labels(browser, audit):
    task = draw(browser)
    begin(browser, task, "Ann")
    for number in range(1, 6):
        say(browser, task, number, "no")
    asked = ("-c", "gramastar", "--references", references_path(), "--output", "json")
    (count,) = json.loads(audit("count", *asked).out)["results"]
    assert count["labelled"]["labelled_by"] == "Ann"
    assert count["labelled"]["labels"] == {"yes": 0, "no": 5, "unsure": 0}


def test_the_estimate_is_that_of_the_same_labels_imported(browser, audit, dataset, tmp_path):
    task = draw(browser)
    begin(browser, task, "Ann")
    answers = ["yes", "no", "unsure", "no"]
    for number, answer in enumerate(answers, 1):
        say(browser, task, number, answer)
    path, _ = journal_of(dataset)
    kept = LabelTask.read(path)
    journal = stored_labels(path.parent, kept)
    (path.parent / "journal.jsonl").rename(tmp_path / "journal.jsonl")
    sheet = tmp_path / "labels.csv"
    lines = [f"{kept.label_id(number)},{answer}" for number, answer in enumerate(answers)]
    sheet.write_text("\n".join(["label_id,label", *lines]) + "\n")
    assert audit("label", "import", sheet, "--who", "Ann").code == 0
    imported = stored_labels(path.parent, kept)
    assert imported.estimate == journal.estimate


def test_imported_labels_and_the_journal_leave_each_other(browser, audit, dataset, tmp_path):
    task = draw(browser)
    begin(browser, task, "Ann")
    say(browser, task, 1, "yes")
    path, _ = journal_of(dataset)
    kept = LabelTask.read(path)
    sheet = tmp_path / "labels.csv"
    sheet.write_text(f"label_id,label\n{kept.label_id(1)},no\n")
    assert audit("label", "import", sheet, "--who", "Bob").code == 0
    assert stored_labels(path.parent, kept).answers == {0: 1, 1: 0}


def test_half_a_line_is_skipped_and_told(browser, dataset):
    task = draw(browser)
    begin(browser, task, "Ann")
    say(browser, task, 1, "yes")
    path, _ = journal_of(dataset)
    with open(path.parent / "journal.jsonl", "ab") as stream:
        stream.write(b'{"schema": "audit.labels.jour')
    assert say(browser, task, 2, "no").status_code == 303
    stored = stored_labels(path.parent, LabelTask.read(path))
    assert stored.answers == {0: 1, 1: 0}
    assert "half a label" in stored.remarks[0]
    assert "half a label" in browser.get(f"/label/{task}").text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("1", {"answer": "maybe"}),
        ("999", {"answer": "yes"}),
        ("0", {"answer": "yes"}),
        ("1", {"answer": "yes", "shown": "0" * 64}),
    ],
)
def test_a_wrong_answer_saves_nothing(browser, dataset, path, form):
    task = draw(browser)
    begin(browser, task, "Ann")
    answer = browser.post(f"/label/{task}/{path}", form)
    assert answer.status_code == 400
    (kept,) = tasks_of(dataset)
    assert not (kept.parent / "journal.jsonl").exists()


def test_nobody_labels_without_a_name(browser):
    task = draw(browser)
    assert "Who labels?" in browser.get(f"/label/{task}").text
    for name in ("", " ", "x" * 81, "a\u202eb"):
        assert browser.post(f"/label/{task}/who", {"who": name}).status_code == 400


def test_a_full_disk_says_that_the_label_was_not_saved(browser, monkeypatch):
    task = draw(browser)
    begin(browser, task, "Ann")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("audit.labels.journal._write", full)
    answer = say(browser, task, 1, "yes")
    assert answer.status_code == 400
    assert "no space left" in answer.text


class Process:
    """`audit serve`, as a user starts it."""

    def __init__(self, home):
        environment = {**os.environ, "AUDIT_HOME": str(home)}
        command = [sys.executable, "-m", "audit", "serve", "--dataset", "pictures"]
        self.process = subprocess.Popen(
            [*command, "--references", str(references_path())],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        address = self.process.stdout.readline().strip()
        self.base = address.partition("/?")[0]
        self.client = httpx.Client(base_url=self.base, follow_redirects=True, timeout=30)
        assert self.client.get(address).status_code == 200

    def post(self, path, key, **form):
        return self.client.post(path, data={"key": key, **form}, headers={"origin": self.base})

    def form_key(self, page):
        return re.search(r'name="key" value="(\w+)"', page)[1]

    def end(self, how):
        self.client.close()
        self.process.send_signal(how)
        code = self.process.wait(20)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


def test_no_label_is_lost_when_the_server_is_killed(browser, home, dataset):
    task = draw(browser)
    server = Process(home.path)
    page = server.client.get(f"/label/{task}").text
    page = server.post(f"/label/{task}/who", server.form_key(page), who="Ann").text
    for number in (1, 2, 3):
        shown = re.search(r'name="shown" value="([0-9a-f]*)"', page)[1]
        answer = server.post(
            f"/label/{task}/{number}", server.form_key(page), answer="no", shown=shown
        )
        assert answer.status_code == 200
        page = answer.text
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    assert [entry["sample"] for entry in journal_of(dataset)[1]] == [0, 1, 2]
    again = Process(home.path)
    page = again.client.get(f"/label/{task}").text
    page = again.post(f"/label/{task}/who", again.form_key(page), who="Ann").text
    assert "3 of" in page
    assert "4 of" in page
    assert again.end(signal.SIGINT) == 0
