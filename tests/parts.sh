#!/bin/sh
# Installs the Debian packages whose programs the tests start, where those are missing and may be installed.
# None of their services is left running or enabled. What stays missing is named: its tests are skipped.
# The bench names more programs, each in a package of its own name: sh tests/parts.sh wrk
set -u

missing() {
    (PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v mosquitto >/dev/null) || echo mosquitto
    command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql
    command -v chromium >/dev/null || echo chromium
    (PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v nginx >/dev/null) || echo nginx
    command -v systemd-analyze >/dev/null || echo systemd
    for program; do
        command -v "$program" >/dev/null || echo "$program"
    done
}

# Run a command as root, if that takes no password.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Have the packages start no service and create no database; what this adds goes when the script ends.
forbid_services() {
    policy=/usr/sbin/policy-rc.d # Debian asks it before it starts a service
    no_cluster=/etc/postgresql-common/createcluster.d/se3-tests.conf
    added=$no_cluster
    trap 'rm -f $added' EXIT
    trap 'exit 1' INT TERM
    mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' >"$no_cluster"
    if [ ! -e "$policy" ]; then
        added="$added $policy"
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
}

disable_service() {
    [ ! -e "/etc/init.d/$1" ] || update-rc.d "$1" disable
}

install_as_root() {
    forbid_services
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || echo "apt-get update failed; trying with the package lists that are here"
    for package; do
        apt-get install -qq -y --no-install-recommends "$package" >/dev/null && disable_service "$package"
    done
}

if [ "${1-}" = --install ]; then
    set -e # install nothing if its service can't be forbidden
    shift
    install_as_root "$@"
    exit
fi

parts=$(missing "$@")
[ -n "$parts" ] || exit 0
if command -v apt-get >/dev/null && as_root true 2>/dev/null; then
    echo "Installing:" $parts
    as_root sh "$0" --install $parts
fi
for part in $(missing "$@"); do
    echo "$part is missing: tests that need it are skipped (with CI=true they fail). On Debian: sudo apt-get install $part"
done
