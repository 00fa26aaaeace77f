/* A worker for shared and reuseport: cc -o worker worker.c && prefork -- ./worker */

#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	inherited_fd = 3,
	full_queue = 4096, /* prefork's default backlog, and the kernel's default limit */
};

/* A descriptor that becomes readable on SIGTERM. A handler that sets a variable
 * is not enough: poll would sleep on if the signal came just before it. */
static int stop_signal(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	return signalfd(-1, &stop, SFD_CLOEXEC);
}

/* sd_notify(3) */
static void notify(const char *state)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t size;
	int fd;

	if (!name || !*name || strlen(name) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, name, strlen(name));
	if (to.sun_path[0] == '@') /* an abstract name, which has a zero byte there */
		to.sun_path[0] = 0;
	/* In an abstract name every byte counts, so it ends where size says. */
	size = offsetof(struct sockaddr_un, sun_path) + strlen(name);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), 0, (struct sockaddr *)&to, size) < 0)
		warn("notify %s", name);
	close(fd);
}

/* Serves one connection if there is one: another worker may have taken it. */
static int serve_next(void)
{
	char greeting[32];
	int size, conn = accept4(inherited_fd, NULL, NULL, SOCK_CLOEXEC);

	if (conn < 0)
		return 0;
	size = snprintf(greeting, sizeof greeting, "Hello from %d\n", (int)getpid());
	/* If the client has gone, the worker need not: no SIGPIPE. */
	send(conn, greeting, size, MSG_NOSIGNAL);
	close(conn);
	return 1;
}

int main(void)
{
	const char *pid = getenv("LISTEN_PID");
	enum { listener, stopped };
	struct pollfd ready[] = {
		[listener] = {.fd = inherited_fd, .events = POLLIN},
		[stopped] = {.fd = stop_signal(), .events = POLLIN},
	};

	if (!pid || atoi(pid) != (int)getpid())
		errx(1, "no listening socket; start me with: prefork -- ./worker");
	/* Another worker may take the connection that woke this one; accept must
	 * not wait for the next then. The flag belongs to all who share the socket. */
	if (fcntl(inherited_fd, F_SETFL, fcntl(inherited_fd, F_GETFL) | O_NONBLOCK) < 0)
		err(1, "listening socket");
	notify("READY=1");
	while (!ready[stopped].revents) {
		if (poll(ready, 2, -1) > 0 && ready[listener].revents)
			serve_next();
	}
	/* Serve what is queued, for nobody else may be left to. A full queue at most:
	 * under load it never empties, and after a reload a successor takes the rest. */
	for (int left = full_queue; left > 0 && serve_next(); left--)
		;
	return 0;
}
