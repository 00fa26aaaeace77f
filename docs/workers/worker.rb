# A worker for shared and reuseport: prefork -- ruby worker.rb

require "socket"

INHERITED_FD = 3
FULL_QUEUE = 4096 # prefork's default backlog, and the kernel's default limit

def main
  if ENV["LISTEN_PID"] != Process.pid.to_s
    abort "worker.rb: no listening socket; start me with: prefork -- ruby worker.rb"
  end
  listener = Socket.for_fd(INHERITED_FD)
  stopped = stop_signal
  notify "READY=1"
  loop do
    readable, = IO.select([listener, stopped])
    break if readable.include?(stopped)
    conn = accept(listener)
    serve(conn) if conn
  end
  drain(listener)
end

def serve(conn)
  conn.write("Hello from #{Process.pid}\n")
rescue SystemCallError
  # The client has gone; the worker need not.
ensure
  conn.close
end

# The next connection, or nil: another worker may have taken the one that woke
# this one. accept_nonblock sets O_NONBLOCK for all who share the socket.
def accept(listener)
  conn, = listener.accept_nonblock
  conn
rescue IO::WaitReadable, Errno::ECONNABORTED
  nil
end

# Serves what is queued, for nobody else may be left to. A full queue at most:
# under load it never empties, and after a reload a successor takes the rest.
def drain(listener)
  FULL_QUEUE.times do
    conn = accept(listener) or return
    serve(conn)
  end
end

# A pipe that becomes readable on SIGTERM. A trap that sets a variable is not
# enough: IO.select goes on waiting after it.
def stop_signal
  reader, writer = IO.pipe
  trap(:TERM) { writer.write_nonblock(".", exception: false) }
  reader
end

# sd_notify(3)
def notify(state)
  name = ENV["NOTIFY_SOCKET"] or return
  name = name.sub(/\A@/, "\0") # an abstract name, which has a zero byte there
  notifications = Socket.new(:UNIX, :DGRAM)
  notifications.send(state, 0, Socket.sockaddr_un(name))
  notifications.close
end

main
