#!/bin/sh
# Writes the parts of nginx's configuration that change while it runs: the addresses of the `web` containers
# (nginx resolves a name only once), which of them respond, and whether there is a certificate. Reloads nginx after
# every change, which loses no request.
#
#     follow.sh start         write the configuration, start `follow` in the background, and become nginx
#     follow.sh follow        check every second
#     follow.sh joined IP     wait until nginx sends requests to this new server, even if its address was used before
#     follow.sh leave IP      stop sending requests to this server, which is about to stop, and wait until that is done;
#                             expires after five minutes
#     follow.sh left IP       the server has stopped, and its address may be reused
#
# Waiting ends after 30 s with exit code 1.
set -u
CONF=/etc/nginx/rentomatic/nginx.conf
STATE=/tmp/nginx
TLS=/etc/nginx/tls
PAIR=$STATE/tls             # the certificate and key that nginx uses: the last valid ones
SERVERS=$STATE/servers      # the addresses that nginx sends requests to
LEAVING=$STATE/leaving
MISSES=$STATE/misses        # one file for each server: see count_misses
FOLLOWED=$STATE/followed    # touched after each round; the health check looks at its age

# Prints the addresses whose servers respond within a second. Asks all at once, so that a frozen server does not
# delay the others.
answering() { # addresses
    [ $# -gt 0 ] || return
    curl --silent --parallel --parallel-immediate --parallel-max 300 --max-time 1 --output /dev/null \
        --write-out '%{response_code} %{remote_ip}\n' "http://{$(echo "$*" | tr ' ' ,)}:8000/health/live" |
        sed -n 's/^200 //p' | tr '\n' ' '
}

# Sets `misses`: a missed check adds 1, up to 3; a response subtracts 1, down to 0. A new server starts with 1.
count_misses() { # address
    { read -r misses <"$MISSES/$1"; } 2>/dev/null || misses=1
    if among "$1" "$answering"; then
        misses=$((misses - (misses > 0)))
    elif among "$1" "$served"; then
        misses=$((misses + (misses < 3)))
    fi
    echo "$misses" >"$MISSES/$1"
}

# Prints the servers that get requests: new ones once they respond, known ones until they have missed 3 checks. If
# no server responds, all stay: they may only be slow.
taking_part() { # addresses
    for address in "$@"; do
        count_misses "$address"
        if [ -e "$LEAVING/$address" ]; then
            continue
        elif ! among "$address" "$served"; then
            [ "$misses" -eq 0 ] || continue
        elif [ "$misses" -ge 3 ] && [ -n "$answering" ]; then
            echo "follow.sh: $address does not answer; it gets no requests until it does again" >&2
            continue
        fi
        echo "$address"
    done
}

among() { # word, words
    case " $2 " in *" $1 "*) return 0 ;; esac
    return 1
}

# Copies a new certificate and its key if nginx can use them; otherwise logs an error and keeps the old ones.
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
limit_req_zone \$client_of_other zone=requests:10m rate=$CLIENT_RATE;
limit_req_zone \$client_of_part zone=parts:10m rate=$CLIENT_RATE;
limit_conn_zone \$binary_remote_addr zone=connections:10m;
CONF
    proxies=$(echo "$TRUSTED_PROXIES" | tr , ' ')
    echo "geo \$realip_remote_addr \$is_trusted {"
    echo "    default 0;"
    for proxy in $proxies; do echo "    $proxy 1;"; done
    echo "}"
    for proxy in $proxies; do echo "set_real_ip_from $proxy;"; done
}

limits() {
    for zone in requests parts; do echo "limit_req zone=$zone burst=$CLIENT_BURST nodelay;"; done
    echo "limit_conn connections $CLIENT_CONNECTIONS;"
}

upstream() { # addresses
    echo "upstream web {"
    echo "    zone web 256k;"
    # A hung server gets few requests until it is removed, because it has the most open connections.
    echo "    least_conn;"
    # SERVER_CONNECTIONS exceeds the application's queue: the application decides better who has to wait.
    for address in "$@"; do
        echo "    server $address:8000 max_conns=$SERVER_CONNECTIONS max_fails=1 fail_timeout=2s;"
    done
    # The application closes connections that were idle for 30 s.
    echo "    keepalive 64;"
    echo "    keepalive_timeout 15s;"
    echo "}"
}

server() { # listen directives
    echo "server {"
    printf '    %s\n' "$@"
    case $SEARCH_CACHE in on) cache=searches ;; *) cache=off ;; esac
    cat <<CONF
    set \$search_cache $cache;
    include /etc/nginx/rentomatic/routes.conf;
}
CONF
}

servers() {
    if [ -e "$PAIR" ]; then
        # Changes the configuration with the certificate.
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

# Sets `found` to the addresses, and `wanted` to the configuration, that nginx should use.
look() {
    look_for_certificate
    present=$(getent ahostsv4 web | cut -d ' ' -f 1 | sort -u)
    served=$(tr '\n' ' ' <"$SERVERS")
    # shellcheck disable=SC2086
    answering=$(answering $present)
    # shellcheck disable=SC2086
    found=$(taking_part $present)
    # If none qualifies, any that responds; if none responds, the current ones, which will probably return.
    [ -n "$found" ] || found=${answering:-$served}
    # shellcheck disable=SC2086
    wanted=$(upstream $found && servers)
}

write() {
    echo "$wanted" >$STATE/web.conf
}

# Records what nginx uses now.
taken_up() {
    # shellcheck disable=SC2086
    printf '%s\n' $found >"$SERVERS" && taken=$wanted
}

follow() {
    looked_at=
    taken=
    sleep 1     # until nginx has started
    while :; do
        sleep 1 &
        look
        # After a failure the next round tries again: this loop must outlive nginx.
        if [ "$wanted" = "$taken" ] || { write && nginx -c "$CONF" -t -q && nginx -c "$CONF" -s reload && taken_up; }; then
            touch "$FOLLOWED"
        fi
        find "$LEAVING" -type f -mmin +5 -delete
        wait    # each round takes a second, even if some servers do not respond
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

mkdir -p "$LEAVING" "$MISSES"
case $1 in
start)
    umask 077
    rm -f "$LEAVING"/* "$MISSES"/*
    looked_at=
    echo 127.0.0.1 >"$SERVERS"
    clients >$STATE/clients.conf
    limits >$STATE/limits.conf
    look
    write && taken_up && touch "$FOLLOWED" || exit
    # Restarts it if it ends.
    while :; do sh "$0" follow; sleep 1; done &
    exec nginx -c "$CONF" -g "daemon off;"
    ;;
follow) follow ;;
joined) rm -f "$LEAVING/$2" "$MISSES/$2" && wait_until is_served "$2" ;;
leave) touch "$LEAVING/$2" && wait_until is_left_alone "$2" ;;
left) rm -f "$LEAVING/$2" ;;
esac
