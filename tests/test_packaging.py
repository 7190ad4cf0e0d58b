"""The wheel: what is in it, that it works where there is no Node, and that nothing stale is ever packed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import labdeck
import labdeck_frontend

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("packaging"), pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parent.parent
BUILT = "kernel/labdeck/labextension"
DATA = f"labdeck-{labdeck.__version__}.data/data"


@pytest.fixture(scope="module")
def no_node(tmp_path_factory):
    """An environment whose PATH has this interpreter, the tools every system has, and no Node."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("env", "git", "sh", "uname"):
        (folder / name).symlink_to(shutil.which(name))
    (folder / "python").symlink_to(sys.executable)
    env = {key: value for key, value in os.environ.items() if not key.startswith("LABDECK")}
    env["PATH"] = str(folder)
    assert shutil.which("node", path=env["PATH"]) is None
    return env


def copy_checkout(target):
    """Copy what git would, with the front end as it is built; the tests leave nothing in the real one."""
    assert labdeck_frontend.is_fresh(), "the built front end is older than its sources: run `make setup`"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    shutil.copytree(ROOT / BUILT, target / BUILT)
    return target


def build(kind, source, target, env):
    """Build a wheel or an sdist without isolation, so that nothing is downloaded; give the file."""
    command = [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "--outdir", str(target), str(source)]
    done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    (made,) = target.iterdir()
    return made


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    return copy_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory, no_node):
    return build("wheel", checkout, tmp_path_factory.mktemp("wheel"), no_node)


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_it_is_for_every_platform(wheel):
    assert wheel.name == f"labdeck-{labdeck.__version__}-py3-none-any.whl"


def test_every_module_is_in_it(names):
    modules = {
        path.relative_to(ROOT / folder).as_posix()
        for folder in ("kernel", "ui")
        for path in (ROOT / folder).glob("labdeck*/**/*.py")
        if "labextension" not in path.parts
    }
    assert modules - set(names) == set()


def test_the_files_beside_the_modules_are_in_it(names):
    beside = {
        path.relative_to(ROOT / folder).as_posix()
        for folder in ("kernel", "ui")
        for path in (ROOT / folder).glob("labdeck*/**/*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and "labextension" not in path.parts
    }
    assert {"labdeck/py.typed", "labdeck_ui/py.typed"} <= beside
    assert beside - set(names) == set()


def test_the_front_end_is_in_it_once(names):
    built = {path.name for path in (ROOT / BUILT / "static").iterdir()}
    packed = {name.removeprefix(f"{DATA}/") for name in names if name.startswith(DATA)}
    extension = "share/jupyter/labextensions/labdeck"
    assert {f"{extension}/static/{name}" for name in built} <= packed
    assert {f"{extension}/package.json", f"{extension}/install.json"} <= packed
    assert "etc/jupyter/jupyter_server_config.d/labdeck.json" in packed
    assert [name for name in names if name.startswith("labdeck/labextension")] == []


def test_nothing_else_is_in_it(names):
    assert {name.split("/")[0].split("-")[0] for name in names} == {"labdeck", "labdeck_ui"}
    assert [name for name in names if "__pycache__" in name or "test" in Path(name).stem] == [
        name for name in names if name.startswith("labdeck/testing/test")
    ]


def test_plotly_is_a_chunk_of_its_own():
    static = ROOT / BUILT / "static"
    assert len(list(static.glob("plotly.*.js"))) == 1
    (entry,) = static.glob("remoteEntry.*.js")
    assert entry.stat().st_size < 50_000, "what every start of JupyterLab loads stays small"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory, no_node):
    """A fresh environment with the wheel; its dependencies are those of the environment that runs the tests."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    site = next((home / "lib").glob("python3*/site-packages"))
    dependencies = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
    python = str(home / "bin" / "python")
    command = [sys.executable, "-m", "pip", f"--python={python}", "install", "-q", "--no-deps", "--ignore-installed"]
    subprocess.run([*command, str(wheel)], env=no_node, check=True)
    return home


def run(home, env, *arguments):
    """Run Python in the fresh environment, outside the checkout; give all it printed."""
    env = {**env, "JUPYTER_PREFER_ENV_PATH": "1", "HOME": str(home), "JUPYTER_PLATFORM_DIRS": "1", "NO_COLOR": "1"}
    command = [str(home / "bin" / "python"), *arguments]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_installed_package_is_imported_not_the_checkout(installed, no_node):
    where = run(installed, no_node, "-c", "import labdeck, labdeck_ui; print(labdeck.__file__, labdeck_ui.__file__)")
    assert all(Path(path).is_relative_to(installed) for path in where.split())


def test_jupyterlab_finds_the_extension(installed, no_node):
    said = run(installed, no_node, "-m", "jupyterlab.labextensions", "list")
    (line,) = [line for line in said.splitlines() if "labdeck" in line and "labextensions" not in line]
    assert "enabled" in line
    assert "OK" in line
    assert "(python, labdeck)" in line


def test_the_server_finds_the_extension(installed, no_node):
    said = run(installed, no_node, "-m", "jupyter_server.extension.serverextension", "list")
    assert f"labdeck {labdeck.__version__}" in said.replace("\x1b[32m", "")


def test_jupyterlab_finds_the_translations(installed, no_node):
    code = (
        "from jupyterlab_server.translation_utils import get_language_pack\n"
        "packs, message = get_language_pack('zh_TW')\n"
        "print(ascii(packs['labdeck']['Compare']), message)\n"
    )
    assert run(installed, no_node, "-c", code).strip() == ascii(["比較"])


def test_the_store_works_there(installed, no_node):
    code = (
        "import labdeck\n"
        "studio = labdeck.open('store')\n"
        "with studio.experiment('x').trial('t') as trial:\n"
        "    trial.log({'loss': 1.5})\n"
        "print(studio.experiment('x').trials()[0].history('loss').values)\n"
        "studio.close()\n"
    )
    assert "1.5" in run(installed, no_node, "-c", code)


def test_the_command_is_there(installed, no_node):
    assert "store" in run(installed, no_node, str(installed / "bin" / "labdeck"), "--help")


def test_the_source_archive_gives_the_same_wheel_without_node(checkout, names, no_node, tmp_path):
    sdist = build("sdist", checkout, tmp_path / "sdist", no_node)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    assert not (source / "node_modules").exists()
    with zipfile.ZipFile(build("wheel", source, tmp_path / "wheel", no_node)) as archive:
        assert sorted(archive.namelist()) == sorted(names)


def test_a_stale_front_end_is_not_packed(tmp_path, no_node):
    """Without Node the front end cannot be built anew, so there must be no wheel at all, rather than an old one."""
    source = copy_checkout(tmp_path / "source")
    with (source / "labextension" / "src" / "index.ts").open("a", encoding="utf-8") as file:
        file.write("// a change\n")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check", str(source)]
    done = subprocess.run(command, cwd=source, env=no_node, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Node 20 or newer is needed" in done.stdout + done.stderr
    assert list(source.glob("dist/*.whl")) == []


def test_a_removed_module_is_not_packed(checkout, tmp_path, no_node):
    """setuptools would pack it from the folder that it left behind."""
    left = checkout / "build" / "lib" / "labdeck" / "removed.py"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("", encoding="utf-8")
    with zipfile.ZipFile(build("wheel", checkout, tmp_path, no_node)) as archive:
        assert "labdeck/removed.py" not in archive.namelist()
