-- Debugger events for wrk: every request a new Sid, so that each one is a row of its own in the store.
-- Usage: wrk ... -s listen.lua URL -- FORM-FILE

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  local file = assert(io.open(args[1]))
  body = file:read("*a"):gsub("%s+$", "")
  file:close()
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8" }
  sent = 0
end

function request()
  sent = sent + 1
  local sid = string.format("Sid=NO%08x%024x", number, sent)
  local form = body:gsub("Sid=NO%x+", sid, 1)
  return wrk.format("POST", nil, headers, form)
end

function done(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format(
    "requests %d\nper_second %.0f\np50_ms %.2f\np99_ms %.2f\nmax_ms %.2f\nfailed %d\n",
    summary.requests, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3, bad))
end
