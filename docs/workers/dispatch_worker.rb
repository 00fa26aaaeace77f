# A worker for dispatch: prefork -s dispatch -- ruby dispatch_worker.rb

require "socket"

INHERITED_FD = 3
FULL_QUEUE = 4096 # far more than --window

def main
  if ENV["LISTEN_PID"] != Process.pid.to_s
    abort "dispatch_worker.rb: no socket; start me with: prefork -s dispatch -- ruby dispatch_worker.rb"
  end
  master = Socket.for_fd(INHERITED_FD)
  stopped = stop_signal
  notify "READY=1"
  loop do
    readable, = IO.select([master, stopped])
    break if readable.include?(stopped)
    conn = receive(master)
    serve(conn) if conn
  end
  drain(master)
end

def serve(conn)
  conn.write("Hello from #{Process.pid}\n")
rescue SystemCallError
  # The client has gone; the worker need not.
ensure
  conn.close
end

# The next connection, or nil: while one worker replaces another, both read from
# the same socket. UNIXSocket#recv_io is for stream sockets. Each message has one
# connection, and a byte, without which it could not be told from the end.
def receive(master)
  message, _, _, control = master.recvmsg_nonblock(1, scm_rights: true)
  exit if message.nil? || message.empty? # the master is gone, and nobody else passes anything on
  control.unix_rights.first
rescue IO::WaitReadable
  nil
end

# Serves what was passed here, for nobody else may be left to. With a bound:
# after a reload a successor takes the rest.
def drain(master)
  FULL_QUEUE.times do
    conn = receive(master) or return
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
