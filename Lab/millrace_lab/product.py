"""Millrace itself in the lab: the server on this machine, the agents in the hosts."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import time

from . import ssh, wait
from .errors import LabError

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENT = ROOT / ".venv" / "bin" / "openstack"
START_TIMEOUT_S = 120
COMMAND_TIMEOUT_S = 900
AGENT_UNIT = """[Unit]
Description=Millrace agent
After=libvirtd.service openvswitch-switch.service millrace-vdpa-provision.service
[Service]
Environment=LD_LIBRARY_PATH=/opt/millrace/lib
ExecStart=/opt/millrace/bin/millrace agent --config /etc/millrace/agent.yaml
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""


def make_payload(binary, directory):
    """Puts the program and the Swift libraries that it needs into `directory`."""
    shutil.rmtree(directory, ignore_errors=True)
    (directory / "bin").mkdir(parents=True)
    (directory / "lib").mkdir()
    subprocess.run(["strip", "-o", str(directory / "bin" / "millrace"), str(binary)], check=True)
    listing = subprocess.run(["ldd", str(binary)], check=True, capture_output=True, text=True)
    for path in re.findall(r"=> (\S*/swift/linux/\S+)", listing.stdout):
        shutil.copy(path, directory / "lib")
    return directory


def resident_kib(status_file):
    """Resident memory by a process's status file."""
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(status_file).read_text())[1])


def agent_settings(entry, server_port):
    """The host's agent.yaml, as an operator would write it for this NIC."""
    pf = entry["vfs"][0]["pci_address"].rpartition(".")[0] + ".0"
    representors = ", ".join(f"{vf['index']}: {vf['representor']}" for vf in entry["vfs"])
    # One CPU of each node is left for the host and for guests without CPUs of their own.
    dedicated = 'dedicated_cpus: "1,3"\n' if entry.get("numa") else ""
    return f"""server: 10.0.2.2:{server_port}
host_name: {entry['name']}
address: {entry['name']}
state_dir: /var/lib/millrace-agent
join_token_file: /etc/millrace/join-token
reserved_memory_mib: 512
migration: {{uri: "qemu+tls://{entry['name']}/system"}}
{dedicated}device_spec:
  - {{vendor_id: "1af4", product_id: "1041", physical_network: physnet1}}
representors:
  "{pf}": {{{representors}}}
"""


class Server:
    """`millrace server` on this machine."""

    def __init__(self, binary, directory):
        self.binary = binary
        self.directory = directory
        self.log = directory / "server.log"
        self.arguments = [str(binary), "server", "--state-dir", str(directory / "server"),
                          "--agent-name", "10.0.2.2"]
        self.process = None
        self.agent_port = self.port = 0

    def start(self):
        """Starts it, on the ports of the last time if there was one."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.arguments + ["--listen", f"127.0.0.1:{self.port}",
                                  "--agent-listen", f"127.0.0.1:{self.agent_port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait.until("millrace server to be ready", START_TIMEOUT_S, self._is_ready, 0.2)

    def _is_ready(self):
        if self.process.poll() is not None:
            raise LabError(f"millrace server ended:\n{wait.tail(self.log)}")
        text = self.log.read_text()
        ready = re.search(r"is ready at \S+:(\d+)", text)
        agents = re.search(r"agents reach it at port (\d+)", text)
        if not ready or not agents or "clouds.yaml" not in text:
            return False
        self.port, self.agent_port = int(ready[1]), int(agents[1])
        return True

    def kill(self):
        """kill -9: as a crash."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; returns the exit status and the seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        status = self.process.wait(timeout=60)
        return status, time.monotonic() - began

    @property
    def clouds_file(self):
        """What clients need to find and use it."""
        return self.directory / "server" / "clouds.yaml"

    def environment(self):
        """The environment of clients."""
        return {**os.environ, "OS_CLIENT_CONFIG_FILE": str(self.clouds_file),
                "OS_CLOUD": "millrace"}

    def _run(self, command, timeout_s, check):
        result = subprocess.run(command, env=self.environment(), capture_output=True, text=True,
                                stdin=subprocess.DEVNULL, timeout=timeout_s)
        if check and result.returncode != 0:
            raise LabError(f"{' '.join(command)} ended with {result.returncode}:\n"
                           f"{result.stdout}{result.stderr}\nserver:\n{wait.tail(self.log)}")
        return result

    def openstack(self, *words, timeout_s=COMMAND_TIMEOUT_S, check=True):
        """The real client; its answer as JSON, or None where it has none."""
        is_question = words[-1] != "--no-json"
        words = [word for word in words if word != "--no-json"]
        form = ["-f", "json"] if is_question else []
        result = self._run([str(CLIENT), *words, *form], timeout_s, check)
        return json.loads(result.stdout) if is_question and result.stdout.strip() else result

    def millrace(self, *words):
        """An operator's command; its answer as JSON."""
        return json.loads(self._run([str(self.binary), *words, "--format", "json"], 120, True)
                          .stdout)

    def can(self, command):
        """Whether the program has this command."""
        return self._run([str(self.binary), command, "--help"], 60, False).stdout.find(
            f"millrace {command}") >= 0

    def audit(self):
        """Exit status and words of `millrace audit`."""
        result = self._run([str(self.binary), "audit"], 300, False)
        return result.returncode, result.stdout + result.stderr

    def last_migration(self):
        """The newest entry of `millrace migration list`."""
        return self.millrace("migration", "list")[0]

    def join_token(self, host_name):
        """A token that lets the host join."""
        command = [str(self.binary), "host", "token", host_name]
        return self._run(command, 120, True).stdout.strip()

    def resident_kib(self):
        """Resident memory."""
        return resident_kib(f"/proc/{self.process.pid}/status")


class AgentHost:
    """`millrace agent` in a host of the lab."""

    def __init__(self, entry):
        self.entry = entry
        self.name = entry["name"]

    def run(self, command, check=True, timeout_s=120):
        """A command line on the host; its output."""
        return ssh.run(self.entry, command, timeout_s=timeout_s, check=check).stdout

    def install(self, server):
        """Lets the host join `server` and starts its agent by systemd."""
        token = server.join_token(self.name)
        settings = agent_settings(self.entry, server.agent_port)
        files = {"/etc/millrace/agent.yaml": settings, "/etc/millrace/join-token": token,
                 "/etc/systemd/system/millrace-agent.service": AGENT_UNIT}
        script = "mkdir -p /etc/millrace\n" + "".join(
            f"cat > {path} <<'LAB_END'\n{text}\nLAB_END\n" for path, text in files.items())
        self.run(script + "systemctl daemon-reload && systemctl start millrace-agent")

    def log(self):
        """The end of the agent's log."""
        return self.run("journalctl -u millrace-agent --no-pager -n 40", check=False)

    def kill_agent(self):
        """kill -9; systemd starts it again."""
        self.run("systemctl kill --signal=KILL millrace-agent")

    def kill_libvirt(self):
        """kill -9; systemd starts it again, and QEMU goes on. Returns when another one runs."""
        def process():
            return int(self.run("systemctl show --property=MainPID --value libvirtd"))
        killed = wait.until(f"libvirtd of {self.name} to run", START_TIMEOUT_S, process, 0.1)
        self.run(f"kill -9 {killed}")
        wait.until(f"libvirtd of {self.name} to be started again", START_TIMEOUT_S,
                   lambda: process() not in (0, killed), 0.1)

    def guest_pid(self):
        """The process id of the only QEMU; None if there is none."""
        text = self.run("pgrep -x qemu-system-x86 || pgrep qemu-system", check=False).strip()
        return text or None

    def leftovers(self):
        """Everything of guests that the host still has; empty when nothing is left."""
        found = {
            "domains": self.run("virsh list --all --name").split(),
            "switch ports": [port for port in self.run("ovs-vsctl list-ports br-int").split()
                             if port.startswith("rep")],
            "files": self.run("ls /var/lib/millrace-agent/guests 2>/dev/null",
                              check=False).split(),
        }
        return {kind: names for kind, names in found.items() if names}
