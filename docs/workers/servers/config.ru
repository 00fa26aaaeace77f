# A Rack application, for puma.
run ->(_env) { [200, { "content-type" => "text/plain" }, ["Hello from #{Process.pid}\n"]] }
