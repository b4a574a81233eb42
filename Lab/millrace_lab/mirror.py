"""Which Debian mirror the images are made from: the one that this machine's apt uses."""

import shutil
import subprocess

DEFAULT_MIRROR = "http://deb.debian.org/debian"
QUERY_TIMEOUT_S = 30


def choose(sites):
    """The first complete archive among (site, codename) pairs of Debian's, or Debian's own.

    Suites of updates and backports hold only a part, so they are passed over.
    """
    for site, codename in sites:
        if codename and "-" not in codename:
            return site.rstrip("/")
    return DEFAULT_MIRROR


def debian_mirror():
    """The mirror's address from apt's configuration; Debian's own without apt or on Ubuntu."""
    if shutil.which("apt-get") is None:
        return DEFAULT_MIRROR
    query = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)\t$(CODENAME)",
         "Created-By: Packages", "Origin: Debian", "Label: Debian"],
        capture_output=True, text=True, timeout=QUERY_TIMEOUT_S, check=False)
    pairs = (line.split("\t") for line in query.stdout.splitlines())
    return choose(pair for pair in pairs if len(pair) == 2)
