#!/bin/sh
# Writes what nginx cannot know beforehand, and again whenever it changes: where the containers of `web`
# are (nginx asks for a name only once), and whether there is a certificate. A reload loses no request.
#
#     follow.sh start         once, then in the background beside nginx, which it becomes
#     follow.sh follow        what runs in the background
#     follow.sh joined IP     wait until nginx sends requests to that server, whatever had its address before
#     follow.sh leave IP      send nothing more to that server, which is about to stop; wait until that is so.
#                             Forgotten after five minutes
#     follow.sh left IP       it has stopped, and its address may be another's
#
# Waiting ends after 30 s with exit code 1.
set -u
CONF=/etc/nginx/rentomatic/nginx.conf
STATE=/tmp/nginx
TLS=/etc/nginx/tls
PAIR=$STATE/tls             # certificate and key as nginx uses them: the last ones that were good
SERVERS=$STATE/servers      # the addresses that nginx sends requests to
LEAVING=$STATE/leaving
FOLLOWED=$STATE/followed    # touched after each round; the health check looks at its age

addresses() {
    for address in $(getent ahostsv4 web | cut -d ' ' -f 1 | sort -u); do
        [ -e "$LEAVING/$address" ] && continue
        # One that was not there before takes part when it answers.
        grep -qxF "$address" "$SERVERS" || answers "$address" || continue
        echo "$address"
    done
}

answers() {
    curl --fail --silent --max-time 1 --output /dev/null "http://$1:8000/health/live"
}

# Copies a new certificate and its key, if nginx can use them: others are named in the log, and the former
# ones stay in use.
look_for_certificate() {
    there=$(cat "$TLS/tls.crt" "$TLS/tls.key" 2>/dev/null | cksum)
    [ "$there" = "$looked_at" ] && return
    looked_at=$there
    if [ ! -e "$TLS/tls.crt" ] && [ ! -e "$TLS/tls.key" ]; then
        rm -rf "$PAIR"
        return
    fi
    rm -rf "$PAIR.new"
    if mkdir -m 700 "$PAIR.new" && cp "$TLS/tls.crt" "$TLS/tls.key" "$PAIR.new" && usable "$PAIR.new"; then
        rm -rf "$PAIR"
        mv "$PAIR.new" "$PAIR"
    else
        echo "follow.sh: docker/tls/tls.crt and tls.key cannot be used; nginx goes on as before" >&2
    fi
}

usable() {
    cat >$STATE/trial.conf <<CONF
pid $STATE/trial.pid;
error_log stderr;
events {}
http {
    include /etc/nginx/rentomatic/temporary.conf;
    server { listen 127.0.0.1:8444 ssl; ssl_certificate $1/tls.crt; ssl_certificate_key $1/tls.key; }
}
CONF
    nginx -c $STATE/trial.conf -t -q
}

clients() {
    cat <<CONF
limit_req_zone \$binary_remote_addr zone=requests:10m rate=$CLIENT_RATE;
limit_conn_zone \$binary_remote_addr zone=connections:10m;
CONF
    proxies=$(echo "$TRUSTED_PROXIES" | tr , ' ')
    echo "geo \$realip_remote_addr \$is_trusted {"
    echo "    default 0;"
    for proxy in $proxies; do echo "    $proxy 1;"; done
    echo "}"
    for proxy in $proxies; do echo "set_real_ip_from $proxy;"; done
}

upstream() { # addresses
    echo "upstream web {"
    echo "    zone web 256k;"
    for address in "$@"; do
        echo "    server $address:8000 max_conns=$SERVER_CONNECTIONS max_fails=1 fail_timeout=2s;"
    done
    # The application closes what was idle for 30 s.
    echo "    keepalive 32;"
    echo "    keepalive_timeout 15s;"
    echo "}"
}

server() { # listen directives
    echo "server {"
    printf '    %s\n' "$@"
    case $SEARCH_CACHE in on) cache=searches ;; *) cache=off ;; esac
    cat <<CONF
    set \$search_cache $cache;
    limit_req zone=requests burst=$CLIENT_BURST nodelay;
    limit_conn connections $CLIENT_CONNECTIONS;
    include /etc/nginx/rentomatic/routes.conf;
}
CONF
}

servers() {
    if [ -e "$PAIR" ]; then
        # Another certificate makes another configuration.
        echo "# $(cat "$PAIR/tls.crt" "$PAIR/tls.key" | cksum)"
        server "listen 8443 ssl;" "http2 on;" "ssl_certificate $PAIR/tls.crt;" "ssl_certificate_key $PAIR/tls.key;" \
            "ssl_protocols TLSv1.2 TLSv1.3;" "ssl_session_cache shared:tls:5m;" "ssl_session_tickets off;"
        port=":${HTTPS_PORT##*:}"
        [ "$port" = :443 ] && port=
        cat <<CONF
server {
    listen 8080;
    include /etc/nginx/rentomatic/acme.conf;
    location / {
        return 308 https://\$host$port\$request_uri;
    }
}
CONF
    else
        server "listen 8080;"
    fi
}

# Finds out what nginx should know: the addresses in `found`, the configuration in `wanted`.
look() {
    look_for_certificate
    found=$(addresses)
    # Nobody answers: it will most likely come back to where it was.
    [ -n "$found" ] || found=$(cat "$SERVERS")
    # shellcheck disable=SC2086
    wanted=$(upstream $found && servers)
}

write() {
    echo "$wanted" >$STATE/web.conf
}

# Remembers what nginx knows now.
taken_up() {
    echo "$found" >"$SERVERS" && taken=$wanted
}

follow() {
    looked_at=
    taken=
    while sleep 1; do
        look
        # What fails is tried again: who looks after nginx must not end before it.
        if [ "$wanted" = "$taken" ] || { write && nginx -c "$CONF" -t -q && nginx -c "$CONF" -s reload && taken_up; }; then
            touch "$FOLLOWED"
        fi
        find "$LEAVING" -type f -mmin +5 -delete
    done
}

is_served() {
    grep -qxF "$1" "$SERVERS"
}

is_left_alone() {
    ! is_served "$1"
}

wait_until() {
    for _ in $(seq 60); do
        "$@" && return
        sleep 0.5
    done
    return 1
}

mkdir -p "$LEAVING"
case $1 in
start)
    umask 077
    rm -f "$LEAVING"/*
    looked_at=
    echo 127.0.0.1 >"$SERVERS"
    clients >$STATE/clients.conf
    look
    write && taken_up && touch "$FOLLOWED" || exit
    # Should it end, it is started again.
    while :; do sh "$0" follow; sleep 1; done &
    exec nginx -c "$CONF" -g "daemon off;"
    ;;
follow) follow ;;
joined) rm -f "$LEAVING/$2" && wait_until is_served "$2" ;;
leave) touch "$LEAVING/$2" && wait_until is_left_alone "$2" ;;
left) rm -f "$LEAVING/$2" ;;
esac
