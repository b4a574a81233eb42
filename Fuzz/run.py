#!/usr/bin/env python3
"""Builds the fuzz targets of Tests/FuzzTests with libFuzzer and runs them, one after another.

    Fuzz/run.py --seconds 600                 # each target for ten minutes
    Fuzz/run.py --seconds 60 --target netlink
    Fuzz/run.py --replay FILE --target netlink

An input that breaks a parser is kept in Fuzz/regressions/TARGET, where `swift test` reads it from
then on: commit it with the mend. The inputs that libFuzzer finds worth keeping stay in the build
folder; `--keep N` adds the N smallest new ones to the committed corpus.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGETS_FOLDER = ROOT / "Tests/FuzzTests"
# Modules in the order of their dependencies, and which of their files need nothing from outside.
MODULES = {
    "JSON": ["*.swift"],
    "ComputeModel": ["*.swift"],
    "DeviceTracking": ["*.swift"],
    "Libvirt": ["NodeDevice*.swift", "XMLNode*.swift"],
    "VDPA": ["*.swift"],
}
FLAGS = ["-O", "-g", "-swift-version", "6", "-parse-as-library", "-enable-testing",
         "-enable-upcoming-feature", "ExistentialAny", "-sanitize=fuzzer,address"]
INPUT_SIZE_MAX = 4096
# One input may take this many seconds, and the process this many MiB.
TIMEOUT_SECONDS = 10
MEMORY_MIB = 2048


def compile_targets(build):
    """Compiles modules and targets into one program; gives its path."""
    build.mkdir(parents=True, exist_ok=True)
    objects = []
    for module, patterns in MODULES.items():
        folder = ROOT / "Sources" / module
        files = sorted({str(file) for pattern in patterns for file in folder.rglob(pattern)})
        output = build / f"{module}.o"
        run(["swiftc", *FLAGS, "-wmo", "-module-name", module, "-emit-module", "-I", str(build),
             "-c", *files, "-o", str(output)], cwd=build)
        objects.append(str(output))
    program = build / "fuzz"
    checks = sorted(str(file) for file in TARGETS_FOLDER.glob("FuzzTarget*.swift"))
    run(["swiftc", *FLAGS, "-wmo", "-module-name", "Fuzz", "-I", str(build), *checks,
         str(ROOT / "Fuzz/entry.swift"), *objects, "-o", str(program)], cwd=build)
    return program


def run(command, cwd):
    """Runs a compiler; shows what it says only if it fails."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command[:6])} ... failed:\n{result.stderr}{result.stdout}")


def target_words():
    """The targets and the words of each, as their Swift files have them."""
    found = {}
    for file in TARGETS_FOLDER.glob("FuzzTarget*.swift"):
        pattern = r'name: "([a-z-]+)",\s*words: \[(.*?)\]\s*\) \{'
        for name, words in re.findall(pattern, file.read_text(), re.DOTALL):
            found[name] = re.findall(r'"((?:[^"\\]|\\.)*)"', words)
    return dict(sorted(found.items()))


def write_dictionary(path, words):
    """A libFuzzer dictionary. Swift's escapes are few: \\0, \\" and \\u{..}."""
    lines = []
    for word in words:
        text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m.group(1), 16)), word)
        text = text.replace("\\0", "\0").replace('\\"', '"').replace("\\\\", "\\")
        data = text.encode()
        if data:
            lines.append('"' + "".join(f"\\x{byte:02x}" for byte in data) + '"')
    path.write_text("\n".join(lines) + "\n")


def environment(target):
    # Swift's own crash reporter hangs on a crash and holds the pipe. Leaks are no findings:
    # Foundation's XML parser keeps 72 bytes for each error in a document.
    return {**os.environ, "FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no",
            "ASAN_OPTIONS": "detect_leaks=0"}


def fuzz(program, build, target, words, seconds):
    """Runs one target; gives the inputs that broke it and libFuzzer's last words."""
    regressions = ROOT / "Fuzz/regressions" / target
    artifacts = build / "artifacts" / target
    grown = build / "grown" / target
    for folder in (artifacts, grown):
        folder.mkdir(parents=True, exist_ok=True)
    dictionary = build / f"{target}.dict"
    write_dictionary(dictionary, words)
    seeds = [str(folder) for folder in (ROOT / "Fuzz/corpus" / target, regressions)
             if folder.is_dir()]
    before = set(artifacts.iterdir())
    started = time.monotonic()
    result = subprocess.run(
        [str(program), f"-max_total_time={seconds}", f"-max_len={INPUT_SIZE_MAX}",
         f"-timeout={TIMEOUT_SECONDS}", f"-rss_limit_mb={MEMORY_MIB}", "-detect_leaks=0",
         f"-dict={dictionary}", f"-artifact_prefix={artifacts}/", "-print_final_stats=1",
         str(grown), *seeds],
        env=environment(target), capture_output=True, text=True, errors="replace")
    took = time.monotonic() - started
    (build / f"{target}.log").write_text(result.stderr)
    statistics = dict(re.findall(r"stat::(\w+):\s+(\d+)", result.stderr))
    coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", result.stderr)
    found = sorted(set(artifacts.iterdir()) - before)
    print(f"{target}: {statistics.get('number_of_executed_units', '?')} executions in"
          f" {took:.0f} s, edges/features/inputs {'/'.join(coverage[-1]) if coverage else '?'},"
          f" {len(found)} findings", flush=True)
    for artifact in found:
        regressions.mkdir(parents=True, exist_ok=True)
        kept = regressions / artifact.name
        shutil.copyfile(artifact, kept)
        complaint = re.search(r"Fatal error: .*|ERROR: .*", result.stderr)
        print(f"  {kept.relative_to(ROOT)}: {complaint.group(0) if complaint else '?'}")
    if result.returncode != 0 and not found:
        print(result.stderr[-2000:])
    return len(found) if result.returncode == 0 or found else 1


def keep(build, target, count):
    """Adds the smallest inputs that libFuzzer found to the committed corpus."""
    corpus = ROOT / "Fuzz/corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    inputs = sorted((build / "grown" / target).iterdir(), key=lambda file: file.stat().st_size)
    # Spread over the sizes: the smallest alone are all alike.
    step = max(1, len(inputs) // count) if count else 1
    for file in inputs[::step][:count]:
        shutil.copyfile(file, corpus / file.name[:12])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", action="append", help="only this one; may be repeated")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / ".build/fuzz")
    parser.add_argument("--replay", type=pathlib.Path, help="run one input only")
    parser.add_argument("--keep", type=int, default=0, help="new inputs to commit")
    parser.add_argument("--no-build", action="store_true", help="use the program as it is")
    options = parser.parse_args()
    words = target_words()
    unknown = set(options.target or []) - set(words)
    if unknown:
        sys.exit(f"no target {', '.join(sorted(unknown))}; there are {', '.join(words)}")
    build = options.build.resolve()
    program = build / "fuzz" if options.no_build else compile_targets(build)
    chosen = options.target or list(words)
    if options.replay:
        sys.exit(subprocess.run([str(program), str(options.replay)],
                                env=environment(chosen[0])).returncode)
    found = 0
    for target in chosen:
        found += fuzz(program, build, target, words[target], options.seconds)
        keep(build, target, options.keep)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
