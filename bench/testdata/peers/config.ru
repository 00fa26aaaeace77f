# What Puma serves.
run lambda { |_env|
  body = "Hello from #{Process.pid}\n"
  [200, { "Content-Type" => "text/plain", "Content-Length" => body.bytesize.to_s }, [body]]
}
