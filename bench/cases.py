# SPDX-License-Identifier: Apache-2.0
"""What is compared: each case starts what it measures afresh, measures once, and takes it away."""
import contextlib
from kithbench import *

UNDER_WAY = 128  # batches of 100 without a receipt in a closed loop, of who is compared with who


def have(name):
    return os.path.exists(os.path.join(BUILD, name))


class Kithd:
    """KNOWN customers have a purchase each before: a customer's first event is dearer than all others, and at
    a tenth of the capacity a short run would consist of them."""

    def __init__(self, *options, flags=(), known=0):
        self.options, self.flags, self.known = options, flags, known

    def measure(self):
        d = Daemon(*self.flags)
        try:
            if self.known:
                d.load("--events", self.known, "--each", "--customers", self.known, "--sequence", "--backfill",
                       "--batch", 1000, "--window", 32, "--serial", 1)
                time.sleep(0.5)  # its checkpoint is not the load's
            return d.load(*self.options)
        finally:
            d.stop()


class Floor:
    """The same load on kith-floor: nothing decided, nothing stored."""

    def __init__(self, *options, customers=2000000):
        self.options, self.customers = options, customers

    def measure(self):
        h = home()
        p = start([program("kith-floor"), "--run", f"{h}/run", "--store", f"{h}/store", "--customers",
                   str(self.customers)])
        try:
            wait_for(lambda: os.path.exists(f"{h}/run/ingest"), p)
            return run_json([program("kith-load"), "--run", f"{h}/run", "--pid", str(p.pid), "--store", h,
                             *map(str, self.options)])
        finally:
            finish(p)
            shutil.rmtree(h, ignore_errors=True)


def wait_for(condition, process, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"{process.args[0]} does not come up")
        time.sleep(0.01)


def finish(process, sig=signal.SIGTERM, seconds=60):
    process.send_signal(sig)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


IDEAL_ENDS = 180  # seconds
FILLED_APART = 1000000  # more take the ideal's server longer to make than its load waits for an answer


class Ideal:
    """A pipeline of other make, when there is one: DIRECTORY has `loadgen` and `ideal`, which print
    RESULT and figures as name=value (the limit programs of the design; not part of kith)."""

    def __init__(self, directory, *options, customers=100000):
        self.directory, self.options, self.customers = directory, options, customers

    def measure(self, again=True):
        h = home()
        server = (f"./ideal mode=router shards=2 dir={h}/d ep=ipc://{h}/in.0 pub=ipc://{h}/out "
                  f"load={self.customers} journal=1 maxev=60000 ckpt_ms=1000 wnice=19")
        if self.customers > FILLED_APART:
            os.makedirs(f"{h}/d", exist_ok=True)
            subprocess.run([*server.split(), "secs=1"], cwd=self.directory, stdout=subprocess.DEVNULL, timeout=600, check=True)
        out = self.loaded(["./loadgen", f"ep=ipc://{h}/in.0", "route=any", f"dir={h}/d", f"customers={self.customers}",
                           *self.options, f"exec={server}"])
        shutil.rmtree(h, ignore_errors=True)
        if out is None and again:
            log("the ideal pipeline's load does not end: once more")
            return self.measure(again=False)
        if out is None:
            sys.exit("the ideal pipeline's load does not end")
        v = {k: float(x) for k, x in re.findall(r"(\w+)=([\d.]+)", out)}
        return {"events_per_s": v["events_s"], "cpu_us_per_event": v["daemon_us_ev"],
                "receipt_us": {"p50": v["ack_p50_us"], "p99": v["ack_p99_us"]},
                "device_bytes_per_event": v["wr_B_ev"], "anon_mib": v["anon_MB"]}

    def loaded(self, argv):
        """What it prints; None when it has not ended after some minutes, which was seen."""
        p = start(argv, cwd=self.directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                  start_new_session=True)  # its server is its child
        try:
            out = p.communicate(timeout=IDEAL_ENDS)[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGKILL)
            p.wait()
        if p.returncode != 0:
            sys.exit(f"{' '.join(argv)} ended with {p.returncode}")
        return out


def log_of(csv, mapping):
    """A CSV log as the NDJSON that kith-load takes."""
    path = f"{home()}/log.ndjson"
    with open(path, "w") as out:
        subprocess.run([program("kith"), "send", csv, "--map", mapping, "--print", "--rejects", "/dev/null"],
                       stdout=out, stderr=subprocess.DEVNULL)
    return path


class Sqlite:
    def __init__(self, batch, seconds, workers=2, customers=100000):
        self.options = ["--batch", batch, "--seconds", seconds, "--workers", workers, "--customers",
                        customers]

    def measure(self):
        h = home()
        r = run_json([program("peer-sqlite"), "--where", h, *map(str, self.options)])
        r["cpu_us_per_event"] = r["client_cpu_us_per_event"]  # it is one process
        shutil.rmtree(h, ignore_errors=True)
        return r


def tree_cpu(pid):
    """Processor seconds of a process and its children, those that have ended included."""
    total, tick = 0, os.sysconf("SC_CLK_TCK")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            f = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry) == pid:
            total += sum(map(int, f[11:15]))
        elif int(f[1]) == pid:
            total += int(f[11]) + int(f[12])
    return total / tick


def served(client, server_pids):
    """Run a peer's client; the servers' processor time belongs to its events."""
    before = sum(map(tree_cpu, server_pids))
    r = run_json([str(a) for a in client])
    r["anon_mib"] = None  # the client's
    r["cpu_us_per_event"] = (sum(map(tree_cpu, server_pids)) - before) * 1e6 / r["answered_in_all"]
    return r


# ---- rounds and tables

def rounds(cases, n):
    results = {name: [] for name in cases}
    for i in range(n):
        for name, case in cases.items():
            results[name].append(case.measure())
            log(f"round {i + 1}: {name}: {results[name][-1]['events_per_s']:,.0f} events/s")
    return results


def value(r, key):
    if key in ("p50", "p99"):
        return r["receipt_us"][key]
    if key in ("note_p50", "note_p99"):
        note = r.get("note_us")
        return note[key[5:]] if note and note["n"] else None
    return r.get(key)


COLUMNS = [("events_per_s", "events/s", 0), ("p50", "receipt p50 µs", 0), ("p99", "p99 µs", 0),
           ("note_p50", "event → notification p50 µs", 0), ("note_p99", "p99 µs", 0),
           ("cpu_us_per_event", "CPU µs/event", 2), ("device_bytes_per_event", "device B/event", 0),
           ("anon_mib", "anonymous MiB", 0)]


def results_table(results, columns=COLUMNS):
    return table([""] + [title for _, title, _ in columns],
                 [[name] + [spread([value(x, key) for x in r], digits) for key, _, digits in columns]
                  for name, r in results.items()])


def ratio_lines(results, pairs, key, text):
    """Of each pair the ratio second to first, round by round, since only what was measured side by
    side compares."""
    lines = []
    for a, b in pairs:
        if a in results and b in results:
            each = [value(y, key) / value(x, key) for x, y in zip(results[a], results[b])
                    if value(x, key)]
            lines.append(f"* {text.format(a, b)}: **{spread(each, 2)}**")
    return lines
