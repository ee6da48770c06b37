-- A form of exactly 1,024 bytes, a different one each time.
local VARIANTS = 2048
local prepared = {}
local turn = 0

function init(args)
  math.randomseed(21)
  for i = 1, VARIANTS do
    local body = string.format("code=%06d&csrf=%08x&note=", math.random(0, 999999), math.random(0, 2^31))
    body = body .. string.rep(string.char(97 + i % 26), 1024 - #body)
    prepared[i] = wrk.format("POST", nil, {
      ["Host"] = wrk.headers["Host"],
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, body)
  end
end

function request()
  turn = turn % VARIANTS + 1
  return prepared[turn]
end
