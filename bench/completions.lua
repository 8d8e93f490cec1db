-- wrk's request: a completion of so many tokens, as a stream or whole; without arguments a plain GET. Each connection may
-- pause before each request.
--   wrk ... -s completions.lua URL [-- TOKENS stream|whole [MODEL [PAUSE_MS]]]

function init(args)
  if #args == 0 then return end
  local prompt = {}
  for i = 1, 16 do prompt[i] = 4 + i end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = string.format(
    '{"model":"%s","max_tokens":%d,"ignore_eos":true,"temperature":0,"stream":%s,"prompt":[%s]}',
    args[3] or "stand-in", tonumber(args[1]), tostring(args[2] == "stream"), table.concat(prompt, ","))
  local pause = tonumber(args[4])
  if pause then
    function delay() return pause end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.3f, "failed": %d, "p50_ms": %.2f, "p99_ms": %.2f}\n',
    summary.requests, summary.duration / 1e6, errors.status + errors.connect + errors.read + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
