# Puma's configuration.
bind ENV.fetch("PEER_BIND")
workers Integer(ENV.fetch("PEER_WORKERS"))
threads 1, 1
environment "production"
silence_single_worker_warning
preload_app!
raise_exception_on_sigterm false
