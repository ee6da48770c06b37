# shellcheck shell=bash
# Shared by `engine` and `build`, which source it.

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
export KEYRING

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
    say "$*"
    exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "$* needs root"; }

need_debian() { [ -r "$KEYRING" ] || die "$* needs a Debian machine"; }

engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# mirror_of LABEL: the address from which this machine's apt takes the archive "Debian" or "Debian-Security".
# apt itself is asked, so .list and .sources files are understood alike.
mirror_of() {
    # shellcheck disable=SC2016  # $(REPO_URI) and its like are apt's own placeholders
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F '|' -v label="$1" '$1 == "Debian" && $2 == label { print $3; exit }'
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >&2
}
