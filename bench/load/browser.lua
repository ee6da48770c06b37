-- What a browser sends. Every request differs from the one before in its URL and its cookie; they are made
-- beforehand, so that making them is not what is measured, and are too many for a server to remember.
local VARIANTS = 32768
local prepared = {}
local turn = 0

function init(args)
  math.randomseed(20)
  for i = 1, VARIANTS do
    prepared[i] = wrk.format("GET", string.format("/stock/%06d.html?page=%d&sort=change", math.random(0, 999999), i), {
      ["Host"] = wrk.headers["Host"],
      ["Connection"] = "keep-alive",
      ["Cache-Control"] = "max-age=0",
      ["Upgrade-Insecure-Requests"] = "1",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
      ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
      ["Sec-Fetch-Site"] = "same-origin",
      ["Sec-Fetch-Mode"] = "navigate",
      ["Referer"] = "http://127.0.0.1/index.html",
      ["Accept-Encoding"] = "gzip, deflate, br, zstd",
      ["Accept-Language"] = "zh-CN,zh;q=0.9,en;q=0.8",
      ["Cookie"] = string.format("session=%08x%08x.%08x; theme=dark", math.random(0, 2^31), math.random(0, 2^31), i),
    })
  end
end

function request()
  turn = turn % VARIANTS + 1
  return prepared[turn]
end
