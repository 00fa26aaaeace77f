-- What wrk has found, in one line: requests a second, and microseconds at 50, 90 and
-- 99 %, at most, and errors.
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("%.0f %d %d %d %d %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
    e.connect + e.read + e.write + e.status + e.timeout))
end
