"""The images of the lab: built once per content of their recipes, kept outside the checkout.

Each stage is a directory under recipes/ with a build.sh. Its result lives in
<cache>/<stage>-<hash>, where the hash covers the stage's files and the stages it needs. A result
is made under a temporary name and renamed when it is complete; a lock per stage keeps two
builders from making the same one twice.
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from . import mirror, wait
from .errors import LabError

RECIPES = pathlib.Path(__file__).resolve().parents[1] / "recipes"
# Stage and the stages that its recipe reads, by their upper-case names in the environment.
STAGES = {"l0": (), "builder": (), "guest": ("builder",), "l1": ("builder",)}
BUILD_TIMEOUT_S = 3600
HASH_DIGITS = 12

_running_recipes = set()


def cache_directory():
    """MILLRACE_LAB_CACHE, else ~/.cache/millrace-lab."""
    chosen = os.environ.get("MILLRACE_LAB_CACHE")
    return pathlib.Path(chosen or pathlib.Path.home() / ".cache/millrace-lab").absolute()


def digest(stage):
    """The hash of a stage's recipe files, their modes, and the stages it needs."""
    total = hashlib.sha256()
    for needed in STAGES[stage]:
        total.update(digest(needed).encode())
    folder = RECIPES / stage
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            executable = bool(path.stat().st_mode & 0o100)
            total.update(f"{path.relative_to(folder)} {executable}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:HASH_DIGITS]


def stage_directory(stage):
    """Where the result of a stage is, or will be."""
    return cache_directory() / f"{stage}-{digest(stage)}"


def directories():
    """Every stage's directory; raises LabError if one hasn't been built."""
    result = {stage: stage_directory(stage) for stage in STAGES}
    for stage, path in result.items():
        if not path.is_dir():
            raise LabError(f"image stage {stage} is not built ({path}); run `lab.py images`")
    return result


@contextlib.contextmanager
def _locked(stage):
    cache_directory().mkdir(parents=True, exist_ok=True)
    with open(cache_directory() / f"{stage}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end_recipe(recipe):
    if recipe.poll() is None:
        os.killpg(recipe.pid, signal.SIGTERM)


def _run_recipe(stage, draft, log_path):
    environment = dict(os.environ, OUT=str(draft), MIRROR=mirror.debian_mirror(), LC_ALL="C.UTF-8")
    for needed in STAGES[stage]:
        environment[needed.upper()] = str(stage_directory(needed))
    with open(log_path, "w", encoding="utf-8") as log:
        # A session of its own, so that an interrupted build ends with all it started.
        recipe = subprocess.Popen(["bash", str(RECIPES / stage / "build.sh")], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  start_new_session=True)
    _running_recipes.add(recipe)
    try:
        status = recipe.wait(BUILD_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        _end_recipe(recipe)
        raise LabError(f"stage {stage} did not finish in {BUILD_TIMEOUT_S} s; "
                       f"log {log_path}") from error
    finally:
        _running_recipes.discard(recipe)
    if status != 0:
        raise LabError(f"stage {stage} failed with {status}; log {log_path}, its end:\n"
                       f"{wait.tail(log_path)}")


def build_stage(stage, report):
    """Builds a stage unless its result is there."""
    result = stage_directory(stage)
    if result.is_dir():
        report(f"image stage {stage}: ready in {result}")
        return
    with _locked(stage):
        if result.is_dir():
            return
        if os.geteuid() != 0:
            raise LabError("building images needs root: mmdebstrap and chroot make Debian trees")
        started = time.monotonic()
        log_path = result.with_suffix(".log")
        report(f"image stage {stage}: building, log {log_path}")
        # Whatever an earlier builder left: it held the lock, so it is gone.
        draft = result.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        try:
            _run_recipe(stage, draft, log_path)
            draft.rename(result)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        report(f"image stage {stage}: built in {time.monotonic() - started:.0f} s")


def build(report):
    """Builds every stage that isn't there, those without a common need side by side."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        try:
            for level in (("l0", "builder"), ("guest", "l1")):
                for stage in [pool.submit(build_stage, name, report) for name in level]:
                    stage.result()
        except BaseException:
            # Leaving the pool waits for its threads, and they wait for these.
            for recipe in list(_running_recipes):
                _end_recipe(recipe)
            raise
    return directories()


def prune(report):
    """Removes results of earlier recipes."""
    current = {path.name for path in (stage_directory(stage) for stage in STAGES)}
    for stage in STAGES:
        with _locked(stage):
            for path in cache_directory().glob(f"{stage}-*"):
                if path.is_dir() and path.name not in current:
                    shutil.rmtree(path)
                    path.with_suffix(".log").unlink(missing_ok=True)
                    report(f"removed {path}")
