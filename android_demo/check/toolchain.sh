#!/usr/bin/env bash
# Unpacks the tools of the Android checks into DIR. Nothing is installed system-wide: Debian packages
# are downloaded from the machine's own sources and unpacked. Prints "SKIP: reason" and exits with 3
# where that is impossible.
set -euo pipefail
dir=$(mkdir -p "${1:?usage: toolchain.sh DIR}" && cd "$1" && pwd)
[ -f "$dir/.complete" ] && exit 0
skip() { echo "SKIP: $*"; exit 3; }

# android.jar of API 23 and dx are in Debian 11 only, all other tools in Debian 12.
bullseye=(libandroid-23-java dalvik-exchange)
bookworm=(aapt android-libaapt android-libandroidfw android-libbacktrace android-libbase
  android-libcutils android-liblog android-libutils android-libziparchive libprotobuf-lite32
  libzopfli1 p7zip-full zipalign apksigner libapksig-java junit5 libopentest4j-java
  libapiguardian-java libpicocli-java libandroid-json-java libjna-java libjna-jni)

for tool in apt-get dpkg; do
  command -v "$tool" >/dev/null || skip "no $tool, which downloads and unpacks the tools"
done
mirror=$(grep -rhE '^(URIs:|deb )' /etc/apt/sources.list /etc/apt/sources.list.d/ 2>/dev/null \
  | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -1 | tr -d ' ' || true)
[ -n "$mirror" ] || skip "no Debian mirror is configured"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || skip "no $keyring, which verifies packages"

mkdir -p "$dir"/{lists/partial,cache/archives/partial,debs,root}
for suite in bullseye bookworm; do
  echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$dir/sources.list"
options=(-qq -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root
  -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
apt-get "${options[@]}" update || skip "the lists of Debian 11 and 12 cannot be read"

# Fetches packages of a suite: fetch SUITE PACKAGE...
fetch() {
  local suite=$1
  shift
  (cd "$dir/debs" && apt-get "${options[@]}" download "${@/%//$suite}") \
    || skip "a package of $suite cannot be had: $*"
}
fetch bullseye "${bullseye[@]}"
fetch bookworm "${bookworm[@]}"

# The newest JDK that still compiles source level 7 is 19.
jdk=""
for candidate in "$(dirname "$(readlink -f "$(command -v javac || echo /none/javac)")")" \
    /usr/lib/jvm/*/bin; do
  version=$("$candidate/javac" -version 2>&1 | grep -oE '[0-9]+' | head -1 || true)
  if [ "${version:-0}" -ge 11 ] && [ "$version" -le 19 ]; then jdk=$candidate; break; fi
done
if [ -z "$jdk" ]; then
  fetch bookworm openjdk-17-jdk-headless openjdk-17-jre-headless
fi
for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$dir/root"; done
if [ -z "$jdk" ]; then
  jdk=$dir/root/usr/lib/jvm/java-17-openjdk-$(dpkg --print-architecture)/bin
  # Its settings are links into /etc.
  find "$dir/root/usr/lib/jvm" -type l | while read -r link; do
    target=$(readlink "$link")
    case "$target" in /etc/*) ln -sfn "$dir/root$target" "$link" ;; esac
  done
fi
"$jdk/javac" -version >/dev/null 2>&1 || skip "no JDK from 11 to 19 that runs: $jdk"
echo "$jdk" >"$dir/jdk"

native=$(echo "$dir"/root/usr/lib/*-linux-gnu)
for tool in aapt aapt2 zipalign; do
  # Loads the libraries and exits with an error about its arguments.
  status=0
  LD_LIBRARY_PATH=$native/android:$native:$dir/root/usr/lib:$dir/root/usr/lib/p7zip \
    "$dir/root/usr/bin/$tool" >/dev/null 2>&1 || status=$?
  [ "$status" -ne 126 ] && [ "$status" -ne 127 ] || skip "$tool does not run on this machine ($(uname -m))"
done
rm -rf "$dir/cache" "$dir/lists" "$dir/debs"
touch "$dir/.complete"
