-- Makes each request of wrk another event: wrk ... -s post.lua URL -- FOLDER FIRST
-- FOLDER has the files that benchmarks/bodies.py writes; FIRST is the number of the first event.
-- At the end it prints what wrk found, as one line of JSON.

local SLOW_US = 500000 -- how long a box waits for the reply to a real-time event
local FIRST_TIMESTAMP = 1700000000000 -- ms

local request_pieces, photos, places = {}, {}, {}
local number, fixed_length

local makers = {
  photo = function() return photos[number % #photos + 1] end,
  mark = function() return string.format("%012d", number) end,
  timestamp = function() return string.format("%.0f", FIRST_TIMESTAMP + number) end,
}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

function init(args)
  local folder = args[1]
  number, fixed_length = tonumber(args[2]) - 1, 0
  for photo in io.lines(folder .. "/photos") do photos[#photos + 1] = photo end
  request_pieces = { read(folder .. "/head"), "", "\r\n\r\n" }
  for piece in read(folder .. "/body"):gmatch("[^%z]+") do
    request_pieces[#request_pieces + 1] = piece
    if makers[piece] then places[#request_pieces] = makers[piece] else fixed_length = fixed_length + #piece end
  end
end

function request()
  number = number + 1
  local length = fixed_length
  for place, make in pairs(places) do
    local text = make()
    request_pieces[place] = text
    length = length + #text
  end
  request_pieces[2] = tostring(length)
  return table.concat(request_pieces)
end

local function count_slow(latency)
  local slow = 0
  for index = 1, #latency do
    local microseconds, count = latency(index)
    if microseconds > SLOW_US then slow = slow + count end
  end
  return slow
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"seconds": %.6f, "replies": %d, "refusals": %d, "failures": %d, '
      .. '"p50_us": %d, "p99_us": %d, "p999_us": %d, "max_us": %d, "slow": %d}',
    summary.duration / 1e6, summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max, count_slow(latency)
  ))
end
