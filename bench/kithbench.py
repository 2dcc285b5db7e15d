# SPDX-License-Identifier: Apache-2.0
"""What the scripts of bench/ share: daemons and loads by their pids, the machine's facts, tables,
and the sections of docs/PERFORMANCE.md.

Everything that is started is ended by its pid, also when the script is interrupted or fails, and
lives below a temporary directory (TMPDIR) that goes with it. BUILD says where the programs are;
RECORD=1 writes tables into docs/PERFORMANCE.md, otherwise they are only printed."""
import atexit, ctypes, json, os, re, shutil, signal, statistics, subprocess, sys, tempfile, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", "build")
PAGE = os.path.join(ROOT, "docs", "PERFORMANCE.md")
RECORD = os.environ.get("RECORD") == "1"
KEY = os.path.join(ROOT, "bench")


def die_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


children, homes = [], []


def clean_up():
    for p in children:
        if p.poll() is None:
            p.kill()
            p.wait()
    for h in homes:
        shutil.rmtree(h, ignore_errors=True)


atexit.register(clean_up)
for s in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(s, lambda *_: sys.exit(143))


def home():
    h = tempfile.mkdtemp(prefix="kith-bench.")
    homes.append(h)
    return h


def start(argv, **more):
    p = subprocess.Popen(argv, preexec_fn=die_with_us, **more)
    children.append(p)
    return p


def program(name):
    """One of ours, or a word for why not."""
    path = os.path.join(BUILD, name)
    if not os.path.exists(path):
        sys.exit(f"{path} is not there: make bench builds it")
    return path


class Daemon:
    """A kithd on a store in a directory of its own."""

    def __init__(self, *flags, directory=None, config=None, wrapper=()):
        self.home = directory or home()
        self.store, self.run = f"{self.home}/store", f"{self.home}/run"
        self.flags, self.wrapper = list(flags), list(wrapper)
        if config:
            with open(f"{self.home}/kith.yaml", "w") as f:
                f.write(config)
            self.flags += ["--config", f"{self.home}/kith.yaml"]
        self.start()

    def start(self):
        """Start, wait for READY=1 (or the answer to a ping), return the seconds it took."""
        began = time.monotonic()
        with open(f"{self.home}/log", "a") as out:
            self.process = start([*self.wrapper, program("kithd"), "--store", self.store, "--run", self.run,
                                  "--log", "warn", *self.flags], stderr=out)
        while not self.ping():
            if self.process.poll() is not None:
                sys.exit(f"kithd ended: {open(f'{self.home}/log').read()[-2000:]}")
            if time.monotonic() - began > 600:
                sys.exit("kithd does not come up")
        self.ready_seconds = time.monotonic() - began
        return self.ready_seconds

    @property
    def pid(self):
        return self.process.pid

    def ping(self):
        import socket
        s = socket.socket(socket.AF_UNIX)
        try:  # the sockets are bound last, right before READY=1
            s.connect(f"{self.run}/ingest")
            return True
        except OSError:
            time.sleep(0.002)
            return False
        finally:
            s.close()

    def kith(self, *argv):
        r = subprocess.run([program("kith"), *argv, "--run", self.run], capture_output=True, text=True,
                           timeout=300)
        if r.returncode != 0:
            sys.exit(f"kith {' '.join(argv)}: {r.stderr.strip()}; kithd: {self.process.poll()}, "
                     f"{open(f'{self.home}/log').read()[-1000:]}")
        return r.stdout

    def stats(self):
        return json.loads(self.kith("stats", "--json", "--timeout", "240"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, keep=False):
        self.process.terminate()
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.kill()
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)

    def load(self, *options, check=True):
        """Run kith-load against it; what it reports."""
        argv = [program("kith-load"), "--run", self.run, "--pid", str(self.pid), "--store", self.store,
                *map(str, options)]
        return run_json(argv, check)

    def load_start(self, *options):
        return start([program("kith-load"), "--run", self.run, "--pid", str(self.pid), "--store",
                      self.store, *map(str, options)], stdout=subprocess.PIPE, text=True)

    def cpu_seconds(self):
        fields = open(f"/proc/{self.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_json(argv, check=True):
    p = start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = p.communicate()
    if p.returncode != 0:
        if check:
            sys.exit(f"{' '.join(argv)}: {err.strip()}")
        return None
    return json.loads(out.strip().splitlines()[-1])


# ---- facts

def first_line(argv):
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=20).stdout.splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "unknown"


def package(name):
    return first_line(["dpkg-query", "-W", "-f", "${Version}", name])


PAUSES_SECONDS = 6  # what a kernel does every five seconds is in it


def pauses():
    """How much of its processors the machine takes for itself while nothing of ours runs."""
    r = run_json([program("kith-pauses"), str(PAUSES_SECONDS)])
    return f"{r['lost_share'] * 100:.2f} % of the processors' time, the longest {r['longest_ms']:.1f} ms"


def machine(*packages):
    """The machine's facts as a table."""
    def grep(path, key):
        for line in open(path):
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
        return "unknown"
    where, load = tempfile.gettempdir(), " ".join(open("/proc/loadavg").read().split()[:3])
    disk = first_line(["findmnt", "-n", "-o", "FSTYPE,SOURCE", "--target", where])
    libraries = {"libzmq": "libzmq5", "LMDB": "liblmdb0", "protobuf-c": "libprotobuf-c1",
                 "xxHash": "libxxhash0", **dict(packages)}
    rows = [("when", time.strftime("%Y-%m-%d")),
            ("kith", first_line(["git", "-C", ROOT, "log", "-1", "--format=%h %s"])),
            ("processor", f"{grep('/proc/cpuinfo', 'model name')}, {os.cpu_count()} logical"),
            ("memory", f"{int(grep('/proc/meminfo', 'MemTotal').split()[0]) / 1048576:.0f} GiB"),
            ("kernel", " ".join(os.uname()[i] for i in (0, 2))),
            ("disk", disk),
            ("built by", "make release" if os.path.basename(BUILD) == "release" else "make"),
            ("compiler", first_line(["cc", "--version"])),
            ("libraries", ", ".join(f"{k} {package(v)}" for k, v in libraries.items())),
            ("load before", load),
            ("pauses of 1 ms and more", pauses())]
    return table(["", "machine"], rows)


# ---- tables

def number(x, digits=0):
    return "" if x is None else f"{x:,.{digits}f}"


def spread(values, digits=0):
    """Median and, when there are several, least and most."""
    values = [v for v in values if v is not None]
    if not values:
        return ""
    mid = number(statistics.median(values), digits)
    if len(values) == 1:
        return mid
    return f"{mid} ({number(min(values), digits)}–{number(max(values), digits)})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in r) + " |" for r in rows])


def record(section, text):
    """Print TEXT, and with RECORD=1 put it between the markers of SECTION."""
    print(text, flush=True)
    if not RECORD:
        return
    page = open(PAGE).read()
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    if begin not in page or end not in page:
        sys.exit(f"docs/PERFORMANCE.md has no place for {section}")
    a, b = page.index(begin) + len(begin), page.index(end)
    with open(PAGE, "w") as f:
        f.write(page[:a] + "\n" + text + "\n" + page[b:])
    print(f"\nwritten into docs/PERFORMANCE.md, {section}")


def log(text):
    print(text, file=sys.stderr, flush=True)
