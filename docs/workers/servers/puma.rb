# A thread reads the request of the connection that it was given, however late that comes.
# With the queue, which is the default, a puma that stops closes new connections whose
# request is still on its way. (The price: a slow client holds a thread.)
queue_requests false
