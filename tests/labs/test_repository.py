"""Git: the last commit before the deadline counts, and nothing of a repository runs or is believed."""

from __future__ import annotations

import os
import shutil
import stat
import struct
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from subprocess import CalledProcessError
from zoneinfo import ZoneInfo

import pytest

from practicum.labs.intake.archive_files import Unreadable
from practicum.labs.intake.read import SubmissionFiles
from practicum.labs.intake.repository import copy
from practicum.labs.intake.repository.copy import is_url
from practicum.labs.intake.repository.submission import Wanted, read_repository
from practicum.labs.lab import Lab, load_lab
from tests.labs.repositories import clone, commit, git

ZONE = ZoneInfo("Asia/Shanghai")
DUE = datetime.fromisoformat("2027-03-05T18:00:00+08:00")
NOW = datetime.fromisoformat("2027-03-20T12:00:00+08:00")
FIRST, SECOND, AFTER = (f"2027-03-{day}T20:00:00+08:00" for day in ("01", "04", "06"))
NOT_PUSHED = "the time is what the computer of the commit's author showed; when it was pushed is not known"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("labs") / "answers"
    for path, text in {
        "lab.toml": 'title = "Answers"\npoints = 1\nsubmit = ["answer.py", "notes.py"]\n',
        "README.md": "# Answers\n",
        "checks/test_a.py": "",
        "source/answer.py": "",
        "source/notes.py": "",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return load_lab(folder)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A clone with three commits, the last after the deadline, and their hashes. Whoever changes it takes a copy."""
    folder = clone(tmp_path_factory.mktemp("git") / "jo")
    first = commit(folder, {"hw/answer.py": b"first", "README.md": b"x"}, FIRST)
    second = commit(folder, {"hw/answer.py": b"second", "notes.py": b"notes"}, SECOND)
    return folder, [first, second, commit(folder, {"hw/answer.py": b"after", "notes.py": None}, AFTER)]


@pytest.fixture
def mine(honest: tuple[Path, list[str]], tmp_path: Path) -> Path:
    return shutil.copytree(honest[0], tmp_path / "jo", symlinks=True)


def read(where: str | Path, lab: Lab, *, due: datetime | None = DUE, now: datetime = NOW, **wanted: object) -> SubmissionFiles:
    return read_repository(Wanted("s1", where, due, **wanted), lab, ZONE, now)  # type: ignore[arg-type]


def said(submission: SubmissionFiles, text: str) -> bool:
    return any(text in note for note in submission.notes)


def test_the_last_commit_before_the_deadline_counts(honest: tuple[Path, list[str]], lab: Lab) -> None:
    folder, hashes = honest
    submission = read(folder, lab)
    assert submission.files == {"answer.py": b"second", "notes.py": b"notes"}
    assert submission.at == datetime.fromisoformat(SECOND)
    assert (submission.student, submission.timing) == ("s1", "stated")
    assert set(submission.notes) == {
        "ignored 1 other file: README.md",
        f"commit {hashes[1][:10]} of {SECOND}, on the branch main, was read",
        f"commits after the deadline were not read: 1, the first of {AFTER}",
        NOT_PUSHED,
    }
    exactly = read(folder, lab, due=datetime.fromisoformat(SECOND))
    assert exactly.files["answer.py"] == b"second", "at the deadline is not late"
    assert read(folder, lab, due=None).files == {"answer.py": b"after"}
    assert read(folder, lab, due=datetime.fromisoformat("2027-03-02T00:00:00+08:00")).files == {"answer.py": b"first"}


def test_without_a_commit_before_the_deadline_the_newest_counts_with_its_time(honest: tuple[Path, list[str]], lab: Lab) -> None:
    submission = read(honest[0], lab, due=datetime(2027, 1, 1, tzinfo=UTC))
    assert (submission.files, submission.at) == ({"answer.py": b"after"}, datetime.fromisoformat(AFTER))
    assert said(submission, "no commit is from before the deadline, so that the newest was taken")


def test_a_commit_that_is_named_counts(honest: tuple[Path, list[str]], lab: Lab) -> None:
    folder, (first, _, after) = honest
    submission = read(folder, lab, commit=first)
    assert (submission.files, submission.at) == ({"answer.py": b"first"}, datetime.fromisoformat(FIRST))
    assert said(submission, f"commit {first[:10]} of {FIRST} was read, as the list of repositories says")
    late = read(folder, lab, commit=after[:8].upper())
    assert (late.files["answer.py"], late.at) == (b"after", datetime.fromisoformat(AFTER))
    gone = read(folder, lab, commit="0123456789")
    assert gone.files["answer.py"] == b"second"
    assert said(gone, "names the commit 0123456789, which is not there: the last one before the deadline was taken")
    pushed = read(folder, lab, commit=first, pushed=datetime(2027, 3, 2, tzinfo=UTC))
    assert pushed.at == datetime(2027, 3, 2, tzinfo=UTC)
    assert not said(pushed, "pushed")


def test_a_named_commit_that_no_branch_holds(mine: Path, lab: Lab) -> None:
    left = git(mine, "rev-parse", "HEAD")
    git(mine, "reset", "-q", "--hard", "HEAD~2")
    assert read(mine, lab).files["answer.py"] == b"first"
    assert read(mine, lab, commit=left).files["answer.py"] == b"after"


def test_a_date_that_is_earlier_than_what_came_before_is_not_believed(mine: Path, lab: Lab) -> None:
    forged = commit(mine, {"hw/answer.py": b"forged"}, "2027-03-05T17:59:00+08:00")
    submission = read(mine, lab)
    assert submission.files["answer.py"] == b"second"
    assert said(
        submission, f"commit {forged[:10]} of 2027-03-05T17:59:00+08:00 was not taken: it follows a commit that is dated after"
    )
    assert read(mine, lab, commit=forged).at == datetime.fromisoformat(AFTER), "and if it is named, its time is not before that"


def test_a_date_in_the_future_is_no_later_than_now(tmp_path: Path, lab: Lab) -> None:
    folder = clone(tmp_path / "jo")
    commit(folder, {"answer.py": b"x", "notes.py": b""}, "2099-01-01T00:00:00Z")
    late = read(folder, lab)
    assert (late.at, late.timing) == (NOW, "stated")
    assert said(late, "the commit is dated in the future (2099-01-01T08:00:00+08:00); it was made before now")
    before = datetime.fromisoformat("2027-03-02T12:00:00+08:00")
    assert read(folder, lab, now=before).at == before
    assert not said(read(folder, lab, now=before), "no commit is from before the deadline")


def test_of_branches_that_were_merged_later_the_last_commit_counts(mine: Path, lab: Lab) -> None:
    git(mine, "reset", "-q", "--hard", "HEAD~1")
    git(mine, "checkout", "-q", "-b", "side", "HEAD~1")
    commit(mine, {"hw/answer.py": b"side"}, "2027-03-05T09:00:00+08:00")
    git(mine, "checkout", "-q", "main")
    git(mine, "merge", "-q", "-X", "ours", "side", at=AFTER)
    submission = read(mine, lab)
    assert submission.files["answer.py"] == b"side"
    assert said(submission, "before the deadline there are commits on 2 branches, which were merged later; the last one was read")


def test_packed_bare_detached_and_shallow_repositories(
    honest: tuple[Path, list[str]], mine: Path, tmp_path: Path, lab: Lab
) -> None:
    git(mine, "gc", "-q")
    assert not (mine / ".git/refs/heads/main").exists()
    assert read(mine, lab).files["answer.py"] == b"second"
    git(tmp_path, "clone", "-q", "--bare", str(mine), "bare.git")
    assert read(tmp_path / "bare.git", lab).files["answer.py"] == b"second"
    git(mine, "checkout", "-q", honest[1][0])
    detached = read(mine, lab)
    assert detached.files["answer.py"] == b"first"
    assert said(detached, f"commit {honest[1][0][:10]} of {FIRST} was read")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{honest[0]}", "shallow")
    shallow = read(tmp_path / "shallow", lab)
    assert shallow.at == datetime.fromisoformat(AFTER)
    assert said(shallow, "the clone holds only a part of the history: clone again without `--depth`")


def test_of_a_repository_for_the_whole_course_the_labs_folder_is_read(tmp_path: Path, lab: Lab) -> None:
    folder = clone(tmp_path / "jo")
    work = {"Answers/code/answer.py": b"lab", "Answers/data.py": b"", "a/answer.py": b"a", "lab2/notes.py": b"2"}
    commit(folder, work, FIRST)
    submission = read(folder, lab)
    assert submission.files == {"answer.py": b"lab"}
    assert said(submission, "the folder Answers of the repository was read")
    assert said(submission, "ignored 1 other file: Answers/data.py")
    commit(folder, {"answer.py": b"top"}, SECOND)
    assert read(folder, lab).files == {"answer.py": b"top", "notes.py": b"2"}


def test_links_submodules_and_large_file_stores_are_not_followed(tmp_path: Path, lab: Lab) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    folder = clone(tmp_path / "jo")
    (folder / "notes.py").symlink_to(secret)
    (folder / "all").symlink_to(tmp_path)
    commit(
        folder,
        {"answer.py": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", ".gitattributes": b"* filter=lfs\n"},
        FIRST,
    )
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},lib")
    git(folder, "commit", "-q", "-m", "submodule", at=FIRST)
    submission = read(folder, lab)
    assert submission.files.keys() == {"answer.py"}
    assert said(submission, "link, not followed: all, notes.py")
    assert said(submission, "submodule, not fetched: lib")
    assert said(submission, "answer.py is kept in Git LFS")


def test_nothing_of_a_repository_runs(mine: Path, tmp_path: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way that is known to make git run a program of the repository's, or of whoever runs it, at once."""
    flag = tmp_path / "ran"
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {flag}\ncat\n")
    trap.chmod(0o755)
    git(mine, "gc", "-q")
    config = mine / ".git/config"
    dangerous = f"""
[core]
\trepositoryformatversion = 1
\tfsmonitor = {trap}
\tsshCommand = {trap}
\thooksPath = {mine}/.git/evil
\tpager = {trap}
\teditor = {trap}
\talternateRefsCommand = {trap}
\tgitProxy = {trap}
\taskPass = {trap}
\tworktree = /
\tattributesFile = {mine}/.gitattributes
[uploadpack]
\tpackObjectsHook = {trap}
[diff]
\texternal = {trap}
[diff "x"]
\ttextconv = {trap}
[filter "x"]
\tclean = {trap}
\tsmudge = {trap}
\tprocess = {trap}
[credential]
\thelper = !{trap}
[gpg]
\tprogram = {trap}
[log]
\tshowSignature = true
[alias]
\tcat-file = !{trap}
\tindex-pack = !{trap}
[include]
\tpath = {mine}/more
[protocol]
\tallow = always
[protocol "ext"]
\tallow = always
[extensions]
\tpartialClone = origin
\tworktreeConfig = true
[remote "origin"]
\turl = ext::{trap}
\tpromisor = true
\tuploadpack = {trap}
\tvcs = evil
"""
    config.write_text(dangerous)
    (mine / ".git/config.worktree").write_text(dangerous)
    (mine / "more").write_text(f"[core]\n\tfsmonitor = {trap}\n")
    (mine / ".gitattributes").write_text("* filter=x diff=x\n")
    for folder in ("hooks", "evil"):
        (mine / ".git" / folder).mkdir(exist_ok=True)
        for hook in ("post-checkout", "pre-auto-gc", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
            shutil.copy(trap, mine / ".git" / folder / hook)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(dangerous)
    traps = {"HOME": home, "GIT_CONFIG_GLOBAL": config, "GIT_DIR": mine / ".git", "GIT_SSH_COMMAND": trap, "GIT_TRACE": flag}
    traps |= {"GIT_EXTERNAL_DIFF": trap, "GIT_PAGER": trap, "GIT_ALTERNATE_OBJECT_DIRECTORIES": "/", "GIT_EXEC_PATH": mine}
    for name, value in traps.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(mine)
    assert read(mine, lab).files["answer.py"] == b"second"
    assert not flag.exists()
    with suppress(CalledProcessError):
        git(mine, "-c", f"core.worktree={mine}", "diff")
    assert flag.exists(), "the traps are traps"


def test_the_objects_of_others_are_out_of_reach(mine: Path, tmp_path: Path, lab: Lab) -> None:
    """A student names the commit of another's repository, which lies beside, by every way that git has to reach objects."""
    other = clone(tmp_path / "ann")
    theirs = commit(other, {"answer.py": b"solution"}, FIRST)
    mine_git = mine / ".git"
    (mine_git / "refs/heads/main").write_text(f"{theirs}\n")
    (mine_git / "objects/info").mkdir(exist_ok=True)
    (mine_git / "objects/info/alternates").write_text(f"{other}/.git/objects\n")
    (mine_git / "commondir").write_text(f"{other}/.git\n")
    (mine_git / "info").mkdir(exist_ok=True)
    with pytest.raises(Unreadable, match="lacks the object"):
        read(mine, lab)
    (mine_git / "refs/heads/main").unlink()
    (mine_git / "refs/heads/main").symlink_to(other / ".git/refs/heads/main")
    with pytest.raises(Unreadable, match="has no commit on the branch main"):
        read(mine, lab)
    (tmp_path / "heads").mkdir()
    (tmp_path / "heads/main").write_text(git(mine, "rev-parse", "HEAD@{0}"))
    (mine_git / "refs/heads").rename(mine_git / "refs/kept")
    (mine_git / "refs/heads").symlink_to(tmp_path / "heads")
    with pytest.raises(Unreadable, match="has no commit on the branch main"):
        read(mine, lab)
    (mine_git / "refs/heads").unlink()
    (mine_git / "refs/kept").rename(mine_git / "refs/heads")
    shutil.rmtree(mine_git / "objects" / theirs[:2], ignore_errors=True)
    (mine_git / "objects" / theirs[:2]).symlink_to(other / ".git/objects" / theirs[:2])
    (mine_git / "refs/heads/main").unlink()
    (mine_git / "refs/heads/main").write_text(f"{theirs}\n")
    with pytest.raises(Unreadable, match="lacks the object"):
        read(mine, lab)
    shutil.rmtree(mine_git / "objects")
    (mine_git / "objects").symlink_to(other / ".git/objects")
    with pytest.raises(Unreadable, match="is no git repository"):
        read(mine, lab)
    shutil.rmtree(mine_git)
    (mine / ".git").write_text(f"gitdir: {other}/.git\n")
    with pytest.raises(Unreadable, match="points to a repository elsewhere"):
        read(mine, lab)
    (mine / ".git").unlink()
    (mine / ".git").symlink_to(other / ".git")
    with pytest.raises(Unreadable, match="points to a repository elsewhere"):
        read(mine, lab)


@pytest.mark.parametrize(
    "head", ["ref: refs/heads/../../../ann/.git/HEAD", "ref: refs/heads/", "ref: /etc/passwd", "ref: refs/heads/none", "", "x\0"]
)
def test_a_head_that_leads_nowhere(mine: Path, lab: Lab, head: str) -> None:
    (mine / ".git/HEAD").write_text(head)
    with pytest.raises(Unreadable, match=r"has no (branch checked out|commit on the branch)"):
        read(mine, lab)


def test_replacements_and_grafts_do_not_count(honest: tuple[Path, list[str]], mine: Path, lab: Lab) -> None:
    first, second, _ = honest[1]
    git(mine, "replace", second, first)
    (mine / ".git/info").mkdir(exist_ok=True)
    (mine / ".git/info/grafts").write_text(f"{second}\n")
    assert read(mine, lab).files["answer.py"] == b"second"


def _loose(folder: Path, oid: str, content: bytes) -> None:
    path = folder / ".git/objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(zlib.compress(content))


def test_an_object_that_is_not_what_its_hash_says(mine: Path, lab: Lab) -> None:
    blob = git(mine, "rev-parse", "HEAD~1:hw/answer.py")
    _loose(mine, blob, b"blob 8\0switched")
    submission = read(mine, lab)
    assert submission.files == {"notes.py": b"notes"}
    assert said(submission, "answer.py is damaged")
    _loose(mine, blob, b"not an object at all")
    assert said(read(mine, lab), f"answer.py lacks the object {blob[:10]}, which is missing or damaged")
    _loose(mine, git(mine, "rev-parse", "HEAD"), b"commit 4\0evil")
    with pytest.raises(Unreadable, match="is damaged"):
        read(mine, lab)


def test_a_pack_that_is_damaged(mine: Path, lab: Lab) -> None:
    git(mine, "gc", "-q")
    [pack] = (mine / ".git/objects/pack").glob("*.pack")
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 255
    pack.chmod(stat.S_IRWXU)
    pack.write_bytes(data)
    with pytest.raises(Unreadable, match=r"is damaged \("):
        read(mine, lab)


def test_a_file_far_too_large_costs_no_memory(tmp_path: Path, lab: Lab) -> None:
    folder = clone(tmp_path / "jo")
    commit(folder, {"answer.py": bytes(24 << 20), "notes.py": b"small"}, FIRST)
    (folder / "answer.py").unlink()
    submission = read(folder, lab)
    assert submission.files == {"notes.py": b"small"}
    assert said(submission, "answer.py is larger than 4 MiB")


def _tree(folder: Path, entries: list[tuple[bytes, bytes, str]]) -> str:
    data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    content = b"tree %d\0" % len(data) + data
    oid = sha1(content).hexdigest()
    _loose(folder, oid, content)
    return oid


def _commit_tree(folder: Path, tree: str) -> None:
    commit_oid = git(folder, "commit-tree", tree, "-m", "x", at=FIRST)
    (folder / ".git/refs/heads/main").write_text(f"{commit_oid}\n")


def test_folders_that_unfold_into_millions_and_names_that_climb(mine: Path, lab: Lab) -> None:
    blob = git(mine, "hash-object", "-w", "--stdin", data=b"evil")
    tree = _tree(mine, [(b"100644", b"f%03d" % n, blob) for n in range(100)])
    for _ in range(7):
        tree = _tree(mine, [(b"40000", b"d%03d" % n, tree) for n in range(100)])
    tree = _tree(
        mine,
        [(b"100644", b"../answer.py", blob), (b"40000", b"..", tree), (b"100644", b"answer.py", blob), (b"40000", b"d", tree)],
    )
    _commit_tree(mine, tree)
    submission = read(mine, lab)
    assert submission.files == {"answer.py": b"evil"}
    assert said(submission, "unsafe path, not taken: .., ../answer.py") or said(
        submission, "unsafe path, not taken: ../answer.py, .."
    )
    assert said(submission, "more than 10,000 entries")


def test_a_commit_that_git_itself_would_not_write(mine: Path, lab: Lab) -> None:
    tree = git(mine, "rev-parse", "HEAD~1^{tree}")
    for when in (b"", b"committer J <j> 99999999999999999999 +0000\n", b"committer J <j> -5 +0000\n"):
        data = b"tree %s\nauthor J <j> 0 +0000\n%s\nx" % (tree.encode(), when)
        content = b"commit %d\0" % len(data) + data
        oid = sha1(content).hexdigest()
        _loose(mine, oid, content)
        (mine / ".git/refs/heads/main").write_text(oid)
        submission = read(mine, lab)
        assert (submission.files["answer.py"], submission.at) == (b"second", NOW), "no date is not before the deadline"


def test_a_repository_larger_than_is_read(mine: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "LARGEST_REPOSITORY", 100)
    with pytest.raises(Unreadable, match="is larger than"):
        read(mine, lab)
    monkeypatch.undo()
    monkeypatch.setattr(copy, "_MOST_OBJECTS", 3)
    with pytest.raises(Unreadable, match="has more than 3 objects"):
        read(mine, lab)


def test_pipes_among_the_objects_do_not_hang(mine: Path, lab: Lab) -> None:
    os.mkfifo(mine / ".git/objects/pack/pack-1.pack") if (mine / ".git/objects/pack").exists() else None
    os.mkfifo(mine / ".git/packed-refs")
    (mine / ".git/objects/00").mkdir(exist_ok=True)
    os.mkfifo(mine / ".git/objects/00" / ("0" * 38))
    assert read(mine, lab).files["answer.py"] == b"second"


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://git.example/jo/lab1.git", True),
        ("https://git.example:8443/jo/lab1", True),
        ("git@git.example:jo/lab1.git", True),
        ("ssh://git@git.example:22/jo/lab1.git", True),
        ("http://git.example/jo/lab1", False),
        ("https://user:token@git.example/jo", False),
        ("ext::sh -c touch% /tmp/x", False),
        ("file:///etc", False),
        ("/etc", False),
        ("--upload-pack=touch /tmp/x", False),
        ("-oProxyCommand=x@host:path", False),
        ("ssh://-oProxyCommand=x/path", False),
        ("git@-oProxyCommand=x:path", False),
        ("https://git.example/a b", False),
        ("https://git.example/jo\n", False),
    ],
)
def test_which_urls_may_be_fetched(text: str, good: bool, lab: Lab) -> None:
    assert is_url(text) == good
    if not good:
        with pytest.raises(Unreadable, match="expected a URL like"):
            read(text, lab)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called ssh that serves the folder `served`, and says which environment it was given."""
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\nenv > {tmp_path}/environment\nfor last; do :; done\ncd {tmp_path}/served && eval "exec $last"\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    (tmp_path / "served").mkdir()
    return tmp_path / "served"


def test_a_repository_is_fetched(server: Path, honest: tuple[Path, list[str]], lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    git(server, "clone", "-q", "--bare", str(honest[0]), "lab1.git")
    monkeypatch.setenv("SECRET_TOKEN", "42")
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    submission = read("git@git.example:lab1.git", lab)
    assert (submission.files["answer.py"], submission.at) == (b"second", datetime.fromisoformat(SECOND))
    assert "SECRET_TOKEN" not in (server.parent / "environment").read_text()
    with pytest.raises(Unreadable, match="cannot be fetched"):
        read("git@git.example:lab2.git", lab)


def test_what_a_server_says_is_shown_as_text(server: Path, lab: Lab) -> None:
    ssh = server.parent / "bin" / "ssh"
    ssh.write_text("#!/bin/sh\nprintf 'first\\n\\033[31mred\\033[0m\\n' >&2\nexit 1\n")
    with pytest.raises(Unreadable) as error:
        read("git@git.example:lab1.git", lab)
    assert str(error.value).isprintable()


def test_pack_headers_that_promise_too_much(mine: Path, lab: Lab) -> None:
    pack = mine / ".git/objects/pack/pack-evil.pack"
    pack.parent.mkdir(exist_ok=True)
    body = b"PACK" + struct.pack(">II", 2, 2**32 - 1)
    pack.write_bytes(body + sha1(body).digest())
    with pytest.raises(Unreadable, match="is damaged"):
        read(mine, lab)
