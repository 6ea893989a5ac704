-- A voice webhook as Twilio sends it, for wrk.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
wrk.headers["User-Agent"] = "TwilioProxy/1.1"
wrk.headers["X-Twilio-Signature"] = "0000000000000000000000000000"
wrk.headers["X-Forwarded-Proto"] = "https"
wrk.body = "AccountSid=AC00000000000000000000000000000001&ApiVersion=2010-04-01&CallSid=CA00000000000000000000000000000001"
  .. "&CallStatus=ringing&Called=%2B12025550100&Caller=%2B12025550141&Direction=inbound&From=%2B12025550141&To=%2B12025550100"

done = function(summary, latency, requests)
  io.write(string.format("RESULT %.0f %.3f %.3f %.3f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
