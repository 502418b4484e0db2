# shellcheck shell=bash
# What the scripts beside this file share. Sourced, not run.

# Folder of the project.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Debian and Ubuntu packages that building and opening the window need.
build_packages=(gcc libc6-dev pkg-config)
window_packages=(
    libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon-x11-0 libwayland-client0
    libvulkan1 mesa-vulkan-drivers libegl1 libgl1-mesa-dri
)

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$@"
    exit 1
}

# Whether the system holds a Debian package, or, elsewhere, what it brings.
has_package() {
    case $1 in
        gcc) command -v cc >/dev/null && return ;;
        pkg-config) command -v pkg-config >/dev/null && return ;;
        python3) command -v python3 >/dev/null && return ;;
        python3-pip) python3 -m pip --version >/dev/null 2>&1 && return ;;
        xvfb) command -v Xvfb >/dev/null && return ;;
        xauth) command -v xauth >/dev/null && return ;;
    esac
    if command -v dpkg >/dev/null; then
        [[ $(dpkg -s "$1" 2>/dev/null) == *"Status: install ok installed"* ]]
        return
    fi
    case $1 in
        libc6-dev) [[ -e /usr/include/stdlib.h ]] ;;
        libx11-6) has_library libX11.so.6 ;;
        libx11-xcb1) has_library libX11-xcb.so.1 ;;
        libxcursor1) has_library libXcursor.so.1 ;;
        libxi6) has_library libXi.so.6 ;;
        libxrandr2) has_library libXrandr.so.2 ;;
        libxkbcommon-x11-0) has_library libxkbcommon-x11.so.0 ;;
        libwayland-client0) has_library libwayland-client.so.0 ;;
        libvulkan1) has_library libvulkan.so.1 ;;
        libegl1) has_library libEGL.so.1 ;;
        mesa-vulkan-drivers) compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null ;;
        # The drivers of libvulkan1 or libegl1 already answered for; nothing to look for by name.
        libgl1-mesa-dri) true ;;
        *) false ;;
    esac
}

has_library() {
    local known
    known=$(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null || true)
    [[ $known == *"$1"* ]]
}

# Installs what is lacking of the named packages, or says what is missing and ends.
need_packages() {
    local missing=() package
    for package in "$@"; do
        has_package "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if [[ $(uname -s) != Linux ]]; then
        fail "This script is for Linux. On Windows and macOS run: cargo run --release"
    fi
    local names="${missing[*]}"
    if ! command -v apt-get >/dev/null; then
        fail "Missing: $names (names of Debian's packages)." \
            "Install what your system calls them, then run this again."
    fi
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null \
            || fail "Missing: $names. There is no sudo here; ask an administrator to run:" \
                "apt-get install $names"
        as_root=(sudo)
        say "Installing with sudo, which may ask for your password: $names"
    else
        say "Installing: $names"
    fi
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# Finds cargo, also where a fresh rustup has not been put on the path yet.
need_cargo() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
        PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
    fi
    command -v cargo >/dev/null || fail "Rust is missing: see https://rustup.rs"
}

# Makes Vulkan programs use Mesa's software driver, unless the caller chose a driver.
use_software_vulkan() {
    [[ -z ${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-} ]] || return 0
    local folder file
    for folder in /usr/share/vulkan/icd.d /usr/local/share/vulkan/icd.d /etc/vulkan/icd.d; do
        # With the architecture in its name, or without it in newer releases of Mesa.
        for file in "$folder/lvp_icd.$(uname -m).json" "$folder/lvp_icd.json"; do
            if [[ -f $file ]]; then
                export VK_DRIVER_FILES=$file VK_ICD_FILENAMES=$file
                return
            fi
        done
    done
    say "No software Vulkan driver (lvp_icd) was found; tests that need a GPU may be skipped."
}

# Builds the program in release and prints where it is.
build_release() {
    (cd "$root" && cargo build --release --locked >&2)
    local target=${CARGO_TARGET_DIR:-target}
    [[ $target == /* ]] || target=$root/$target
    printf '%s\n' "$target/release/stylet"
}
