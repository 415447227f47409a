-- For wrk: each thread posts its own file of signed deliveries, a line "signature<TAB>body" each, and stops at its end.

local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("file", os.getenv("ACCEPT_BODIES") .. "." .. threads)
end

function init()
  lines = io.lines(file)
end

function request()
  local line = lines()
  if not line then
    wrk.thread:stop()
    return wrk.format("GET", "/health")
  end
  local signature, body = line:match("^(%x+)\t(.*)$")
  return wrk.format("POST", "/webhooks/calcom", { ["X-Cal-Signature-256"] = signature }, body)
end
