#!/bin/sh
# Writes what nginx cannot know beforehand, and again whenever it changes: where the containers of `web`
# are (nginx asks for a name only once), and whether there is a certificate. A reload loses no request.
#
#     follow.sh start         once, then in the background beside nginx, which it becomes
#     follow.sh leave IP      send nothing more to that server, which is about to stop; forgotten after 2 min
#     follow.sh left IP       it has stopped, and its address may be another's
set -eu
CONF=/etc/nginx/rentomatic/nginx.conf
STATE=/tmp/nginx
TLS=/etc/nginx/tls
SERVERS=$STATE/servers
LEAVING=$STATE/leaving

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

certificate() {
    [ -s "$TLS/tls.crt" ] && [ -s "$TLS/tls.key" ]
}

limits() {
    cat <<CONF
limit_req_zone \$binary_remote_addr zone=requests:10m rate=$CLIENT_RATE;
limit_conn_zone \$binary_remote_addr zone=connections:10m;
CONF
}

upstream() {
    echo "upstream web {"
    echo "    zone web 256k;"
    while read -r address; do
        echo "    server $address:8000 max_conns=$SERVER_CONNECTIONS max_fails=1 fail_timeout=2s;"
    done <"$SERVERS"
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
    if certificate; then
        server "listen 8443 ssl;" "http2 on;" "ssl_certificate $TLS/tls.crt;" "ssl_certificate_key $TLS/tls.key;" \
            "ssl_protocols TLSv1.2 TLSv1.3;" "ssl_session_cache shared:tls:5m;" "ssl_session_tickets off;"
        port=":$HTTPS_PORT"
        [ "$HTTPS_PORT" = 443 ] && port=
        # shellcheck disable=SC2016
        printf 'server {\n    listen 8080;\n    return 308 https://$host%s$request_uri;\n}\n' "$port"
    else
        server "listen 8080;"
    fi
}

state() {
    addresses
    certificate && cksum "$TLS/tls.crt" "$TLS/tls.key"
    return 0
}

write() {
    # Nobody answers: it will most likely come back to where it was.
    found=$(addresses)
    [ -z "$found" ] || echo "$found" >"$SERVERS"
    limits >$STATE/limits.conf
    upstream >$STATE/upstream.conf
    servers >$STATE/servers.conf
}

follow() {
    known=$(state)
    while sleep 1; do
        find "$LEAVING" -type f -mmin +2 -delete
        now=$(state)
        [ "$now" = "$known" ] && continue
        write
        if nginx -c "$CONF" -t -q; then
            nginx -c "$CONF" -s reload
        fi
        known=$now
    done
}

mkdir -p "$LEAVING"
case $1 in
start)
    echo 127.0.0.1 >"$SERVERS"
    write
    follow &
    exec nginx -c "$CONF" -g "daemon off;"
    ;;
leave) touch "$LEAVING/$2" ;;
left) rm -f "$LEAVING/$2" ;;
esac
