# Sourced by app/run and tests/run: installs what is missing and builds. Says each step in one line, never asks, does nothing twice.
# Functions: orrery_setup (packages, LibTorch, compiler for CUDA where a driver is), orrery_build <folder> [cmake option...].

orrery_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
orrery_cache="${ORRERY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/orrery}"
export ORRERY_CACHE_DIR="$orrery_cache"
torch_version=2.11.0
cuda_version=13.0

# Debian 12 packages. The last lines but one are data: what builtin:emoji, builtin:glyphs and builtin:photos are made from (70 MB together);
# xvfb and xauth give the tests a display.
orrery_packages=(
  build-essential cmake ninja-build pkg-config ccache python3 python3-pip unzip
  nlohmann-json3-dev libcli11-dev libzip-dev libpng-dev
  qt6-base-dev libqt6opengl6-dev qt6-svg-dev libqcustomplot-dev libimgui-dev libstb-dev libgl-dev libgl1-mesa-dri
  libvips-dev libharfbuzz-dev libfreetype-dev libarchive-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev
  fonts-noto-color-emoji unicode-data
  fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius fonts-adf-irianis fonts-adf-libris
  fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande fonts-adf-solothurn fonts-adf-switzera fonts-adf-tribun fonts-adf-universalis
  fonts-adf-verana fonts-lato fonts-liberation2 fonts-dejavu-core fonts-go fonts-cabin fonts-dosis
  gcompris-qt-data lomiri-wallpapers-16.04
  xvfb xauth
)

# To the error output: what the program itself says may be read by a machine.
step() { printf 'orrery: %s\n' "$*" >&2; }

# run_quietly <command...>: its last lines when it fails.
run_quietly() {
  local log
  log="$(mktemp)"
  if ! "$@" >"$log" 2>&1; then
    step "failed: $*"
    tail -n 25 "$log" >&2
    rm -f "$log"
    return 5
  fi
  rm -f "$log"
}

# run_step <what> <command...>
run_step() {
  step "$1"
  run_quietly "${@:2}"
}

# run_long_step <what> <command...>: says what only when it takes longer than a second.
run_long_step() {
  local timer status=0
  ( sleep 1 >/dev/null 2>&1; step "$1" ) &
  timer=$!
  run_quietly "${@:2}" || status=$?
  kill "$timer" 2>/dev/null
  wait "$timer" 2>/dev/null
  return "$status"
}

orrery_missing_packages() {
  local installed
  installed="$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "${orrery_packages[@]}" 2>/dev/null | sed -n 's/^ii *//p')"
  grep -vxF -f <(printf '%s\n' "$installed") <(printf '%s\n' "${orrery_packages[@]}") || true
}

orrery_install_packages() {
  local missing as_root=()
  mapfile -t missing < <(orrery_missing_packages)
  [ "${#missing[@]}" -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      step "these Debian packages are missing; ask somebody who may install them to run:"
      printf '  sudo apt-get install --no-install-recommends %s\n' "${missing[*]}" >&2
      return 5
    fi
    as_root=(sudo -n)
  fi
  run_step "reading the package lists" "${as_root[@]}" apt-get update -q || return
  run_step "installing ${#missing[@]} Debian packages" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

has_nvidia_driver() { ldconfig -p 2>/dev/null | grep -q 'libcuda\.so\.1' || [ -e /usr/lib/x86_64-linux-gnu/libcuda.so.1 ]; }

# pip_into <folder> <requirement...>: wheels for this program, whatever Python the machine has; complete or not there at all. pip takes the
# platforms word for word, and a wheel may name any glibc up to Debian 12's.
pip_into() {
  local folder="$1" part platforms=(--platform manylinux2014_x86_64 --platform manylinux2010_x86_64) minor
  shift
  for minor in $(seq 36 -1 12); do platforms+=(--platform "manylinux_2_${minor}_x86_64"); done
  part="$folder.part$$"
  rm -rf "$part"
  /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore --target "$part" --only-binary=:all: \
    --python-version 3.11 --implementation cp "${platforms[@]}" "$@" && mv "$part" "$folder"
}

orrery_install_torch() {
  local folder="$orrery_cache/libtorch-$torch_version"
  mkdir -p "$orrery_cache"
  if [ ! -e "$folder/torch/lib/libtorch_cpu.so" ]; then
    rm -rf "$folder"
    if has_nvidia_driver; then
      run_step "fetching LibTorch $torch_version with its CUDA libraries (about 3 GB)" pip_into "$folder" "torch==$torch_version" || return
    else
      run_step "fetching LibTorch $torch_version (about 600 MB)" pip_into "$folder" --no-deps "torch==$torch_version" \
        "nvidia-cuda-runtime==$cuda_version.*" "nvidia-cuda-crt==$cuda_version.*" "nvidia-cuda-cupti==$cuda_version.*" || return
    fi
  fi
  if has_nvidia_driver && ! command -v nvcc >/dev/null && [ ! -e "$orrery_cache/cuda-$cuda_version" ]; then
    run_step "fetching the CUDA compiler" pip_into "$orrery_cache/cuda-$cuda_version" --no-deps "nvidia-cuda-nvcc==$cuda_version.*" \
      "nvidia-nvvm==$cuda_version.*" "nvidia-cuda-crt==$cuda_version.*" "nvidia-cuda-runtime==$cuda_version.*" || return
  fi
}

# Remembers in the cache that this very list was installed, so that later starts skip the look.
orrery_setup() {
  local key stamp
  key="$(printf '%s\n' "${orrery_packages[@]}" "$torch_version" "$cuda_version" | sha256sum | cut -c1-16)"
  stamp="$orrery_cache/setup-$key"
  if [ -e "$stamp" ] && [ -e "$orrery_cache/libtorch-$torch_version/torch/lib/libtorch_cpu.so" ] && command -v ninja >/dev/null; then return 0; fi
  orrery_install_packages || return
  orrery_install_torch || return
  touch "$stamp"
}

# orrery_build <folder> [cmake option...]
orrery_build() {
  local folder="$1"
  shift
  if [ ! -e "$folder/build.ninja" ]; then
    run_step "configuring" cmake -S "$orrery_root" -B "$folder" -G Ninja "$@" || return
  fi
  # A dry run cannot tell whether there is work: it ends where the lists of files would be looked up again.
  run_long_step "building (minutes the first time)" ninja -C "$folder"
}
