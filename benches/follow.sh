#!/bin/sh
# How soon `redial errors -f --json` prints what is appended, how much it keeps up with, and what it costs when nothing comes.
# usage: benches/follow.sh REDIAL [SECONDS [FOLDER]]   (30 seconds at full speed, the system's folder for temporary files)
# 1. latency: 10,000 lines/s for 20 s, every 10 ms one ERROR line that carries the time it was written; from append to the printed line
# 2. throughput: noise lines as fast as they are taken, for SECONDS; lines/s behind which the reader never was more than a second,
#    and its memory (RSS) at the beginning, in the middle and at the end
# 3. idle: CPU over 20 s while nothing is written
# Needs python3, which writes the lines, and /proc. SHORT=1 makes it all a few seconds long: to see that it works, not to measure.
set -eu

redial=${1:?usage: benches/follow.sh REDIAL [SECONDS [FOLDER]]}
seconds=${2:-30}
folder=$(mktemp -d -p "${3:-${TMPDIR:-/tmp}}")
trap 'rm -rf "$folder"' EXIT INT TERM

REDIAL=$redial SECONDS_AT_FULL=$seconds FOLDER=$folder python3 - <<'PYTHON'
import json, os, signal, subprocess, sys, threading, time

redial, folder = os.environ["REDIAL"], os.environ["FOLDER"]
short = bool(os.environ.get("SHORT"))
full = 4 if short else int(os.environ["SECONDS_AT_FULL"])
tick = os.sysconf("SC_CLK_TCK")
ID = "0123456789abcdef0123456789abcdef"
NOISE = f"2013-02-19 15:07:40.100 DEBUG [Tropo-Thread-{ID}] #TROPO#: nothing that anybody wants to know of, of the usual length of such a line\n".encode()


def error(n):
    """A line with an error of a call of its own, whose id is the moment at which it was written."""
    i = f"{time.monotonic_ns():032x}"
    return (f"Feb 19 15:07:44 GMT 2013 h.example TROPO 58560 {i} {i} 1 {i} #TROPO#: "
            f"Received non-2XX status code on Tropo-Thread-{i} [url=http://a.example/x, code=500]\n").encode()


class Follower:
    def __init__(self, name):
        self.path = os.path.join(folder, name)
        open(self.path, "wb").close()
        self.log = open(self.path, "ab", buffering=0)
        state = dict(os.environ, XDG_STATE_HOME=os.path.join(folder, "state"))
        self.child = subprocess.Popen([redial, "errors", "-f", "--json", self.path], stdout=subprocess.PIPE,
                                      stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=state)
        self.latencies, self.last, self.summary, self.came = [], None, None, threading.Event()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        # One error that comes back says that it has begun.
        self.log.write(error(0))
        if not self.came.wait(30):
            sys.exit("nothing was printed")
        self.latencies.clear()

    def read(self):
        for line in self.child.stdout:
            now, o = time.monotonic_ns(), json.loads(line)
            if o["type"] == "finding":
                self.last = o["call"]
                self.latencies.append((now - int(o["call"], 16)) / 1e6)
                self.came.set()
            elif o["type"] == "summary":
                self.summary = o

    def rss(self):
        with open(f"/proc/{self.child.pid}/status") as f:
            return next(int(l.split()[1]) for l in f if l.startswith("VmRSS")) / 1024

    def cpu(self):
        with open(f"/proc/{self.child.pid}/stat") as f:
            t = f.read().rsplit(")", 1)[1].split()
        return (int(t[11]) + int(t[12])) / tick

    def end(self):
        self.child.send_signal(signal.SIGTERM)
        self.reader.join()
        code = self.child.wait()
        if code != 0 or self.summary is None:
            sys.exit(f"it ended with {code}, summary {self.summary}")
        return self.summary


def latency():
    f, written, errors = Follower("latency.log"), 1, 0
    begun, ticks = time.monotonic(), (3 if short else 20) * 100
    for n in range(ticks):
        f.log.write(NOISE * 99 + error(n))
        written, errors = written + 100, errors + 1
        time.sleep(max(0, begun + (n + 1) / 100 - time.monotonic()))
    took = time.monotonic() - begun
    wait = time.monotonic()
    while len(f.latencies) < errors and time.monotonic() - wait < 30:
        time.sleep(0.01)
    cpu = f.cpu()
    s = f.end()
    if s["lines"] != written or len(f.latencies) != errors:
        sys.exit(f"lines are missing: {s['lines']} of {written}, {len(f.latencies)} of {errors} errors")
    l = sorted(f.latencies)
    at = lambda p: l[min(len(l) - 1, int(len(l) * p))]
    print(f"latency at {written / took:,.0f} lines/s: p50 {at(.5):.1f} ms, p99 {at(.99):.1f} ms, most {l[-1]:.1f} ms; "
          f"{cpu / took * 100:.1f} % of a core")


def throughput():
    f = Follower("throughput.log")
    block, lines, begun, memory = NOISE * 2000, 1, time.monotonic(), []
    next_look, worst = begun, 0.0
    while time.monotonic() - begun < full:
        # A stamp behind some blocks; the next ones come when it was printed, so that the reader never is far behind.
        for _ in range(10):
            f.log.write(block)
            lines += 2000
        stamp, asked = error(0), time.monotonic()
        f.log.write(stamp)
        lines += 1
        wanted = stamp.split()[8].decode()
        while f.last != wanted:
            time.sleep(0.0005)
            if f.child.poll() is not None or time.monotonic() - asked > 60:
                sys.exit("a line was never printed")
        worst = max(worst, time.monotonic() - asked)
        if time.monotonic() >= next_look:
            memory.append(f.rss())
            next_look += full / 20
    took, cpu = time.monotonic() - begun, f.cpu()
    s = f.end()
    if s["lines"] != lines:
        sys.exit(f"lines are missing: {s['lines']} of {lines}")
    size = os.path.getsize(f.path) / 1e6
    print(f"sustained: {lines / took:,.0f} lines/s ({size / took:.0f} MB/s) over {took:.0f} s, never more than {worst * 1e3:.0f} ms behind; "
          f"{cpu / took * 100:.0f} % of a core; RSS {memory[0]:.1f} MiB, {memory[len(memory) // 2]:.1f} in the middle, {memory[-1]:.1f} at the end")


def idle():
    f = Follower("idle.log")
    time.sleep(2)
    long, before = (3 if short else 20), f.cpu()
    time.sleep(long)
    print(f"idle: {(f.cpu() - before) / long * 100:.2f} % of a core over {long} s, RSS {f.rss():.1f} MiB")
    f.end()


latency()
throughput()
idle()
PYTHON
