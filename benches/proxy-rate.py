#!/usr/bin/env python3
"""What `redial proxy` adds to a webhook at the rate of a busy day: one after the other, at so many a second, directly and through
the proxy by turns. usage: benches/proxy-rate.py REDIAL UPSTREAM [PER_SECOND [SECONDS]]
UPSTREAM is the example of that name; prints milliseconds."""
import os, re, socket, subprocess, sys, tempfile, time

redial, upstream = sys.argv[1:3]
rate, seconds = (float(a) for a in (sys.argv[3:] + ["100", "15"][len(sys.argv) - 3:])[:2])
body = "CallSid=CA%032x&AccountSid=AC%032x&From=%%2B12025550141&To=%%2B12025550100&CallStatus=ringing"


def address(line):
    return line.strip().rsplit("/", 1)[-1]


class Way:
    """One kept connection; a request is one write."""

    def __init__(self, to):
        host, port = to.split(":")
        self.to, self.socket = to, socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, text):
        head = f"POST /voice HTTP/1.1\r\nHost: {self.to}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        self.socket.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n{text}".encode())
        got = b""
        while True:
            got += self.socket.recv(65536)
            head, end, rest = got.partition(b"\r\n\r\n")
            if end and len(rest) >= int(re.search(rb"(?i)content-length: (\d+)", head)[1]):
                return


app = subprocess.Popen([upstream], stdout=subprocess.PIPE, text=True)
to = address(app.stdout.readline())
store = tempfile.mkdtemp()
proxy = subprocess.Popen([redial, "proxy", "--to", "http://" + to, "--port", "0", "--json"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, env={**os.environ, "REDIAL_STORE": store + "/store.db"})
ways = {"direct": Way(to), "proxy": Way(address(proxy.stderr.readline()))}
times = {name: [] for name in ways}
begun, n = time.perf_counter(), 0
while time.perf_counter() - begun < seconds:
    for name, way in ways.items():
        n += 1
        time.sleep(max(0, begun + n / (2 * rate) - time.perf_counter()))
        sent = time.perf_counter()
        way.post(body % (n // 20, 1))
        times[name].append((time.perf_counter() - sent) * 1000)
proxy.terminate()
for name, all in times.items():
    all.sort()
    print(f"{name:8} n {len(all)}  p50 {all[len(all) // 2]:.3f}  p99 {all[len(all) * 99 // 100]:.3f}  max {all[-1]:.3f}")
print(proxy.stderr.read().strip())
app.terminate()
