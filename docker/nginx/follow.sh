#!/bin/sh
# Writes what nginx cannot know beforehand, and again whenever it changes: where the containers of `web`
# are (nginx asks for a name only once) and which of them answer, and whether there is a certificate.
# A reload loses no request.
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
MISSES=$STATE/misses        # of each server: see count_misses
FOLLOWED=$STATE/followed    # touched after each round; the health check looks at its age

# Prints those of the addresses where a server answers within a second. All are asked at once: one that is
# frozen does not delay the others.
answering() { # addresses
    [ $# -gt 0 ] || return
    curl --silent --parallel --parallel-immediate --parallel-max 300 --max-time 1 --output /dev/null \
        --write-out '%{response_code} %{remote_ip}\n' "http://{$(echo "$*" | tr ' ' ,)}:8000/health/live" |
        sed -n 's/^200 //p' | tr '\n' ' '
}

# Sets `misses` to how many answers a server is behind: each one that it misses counts up to 3, each one that it
# gives counts down to 0. A new server starts with 1.
count_misses() { # address
    { read -r misses <"$MISSES/$1"; } 2>/dev/null || misses=1
    if among "$1" "$answering"; then
        misses=$((misses - (misses > 0)))
    elif among "$1" "$served"; then
        misses=$((misses + (misses < 3)))
    fi
    echo "$misses" >"$MISSES/$1"
}

# Prints the servers that take part: new ones once they answer, known ones until they miss 3 answers. Where no
# server answers, none is taken out: they may only be slow.
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
    # A server that hangs gets few requests until it is taken out: those that it has keep new ones away.
    echo "    least_conn;"
    # SERVER_CONNECTIONS is more than its queue takes: the application knows better who has to wait.
    for address in "$@"; do
        echo "    server $address:8000 max_conns=$SERVER_CONNECTIONS max_fails=1 fail_timeout=2s;"
    done
    # The application closes what was idle for 30 s.
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
    present=$(getent ahostsv4 web | cut -d ' ' -f 1 | sort -u)
    served=$(tr '\n' ' ' <"$SERVERS")
    # shellcheck disable=SC2086
    answering=$(answering $present)
    # shellcheck disable=SC2086
    found=$(taking_part $present)
    # Better one that answers than none. If none does, they will most likely come back to where they were.
    [ -n "$found" ] || found=${answering:-$served}
    # shellcheck disable=SC2086
    wanted=$(upstream $found && servers)
}

write() {
    echo "$wanted" >$STATE/web.conf
}

# Remembers what nginx knows now.
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
        # What fails is tried again: who looks after nginx must not end before it.
        if [ "$wanted" = "$taken" ] || { write && nginx -c "$CONF" -t -q && nginx -c "$CONF" -s reload && taken_up; }; then
            touch "$FOLLOWED"
        fi
        find "$LEAVING" -type f -mmin +5 -delete
        wait    # each round takes a second, also when some servers do not answer
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
    # Should it end, it is started again.
    while :; do sh "$0" follow; sleep 1; done &
    exec nginx -c "$CONF" -g "daemon off;"
    ;;
follow) follow ;;
joined) rm -f "$LEAVING/$2" "$MISSES/$2" && wait_until is_served "$2" ;;
leave) touch "$LEAVING/$2" && wait_until is_left_alone "$2" ;;
left) rm -f "$LEAVING/$2" ;;
esac
