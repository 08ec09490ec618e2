#!/bin/sh
# Installs podform from the archive of a release, after its checksum was compared.
#
#   PODFORM_RELEASES=https://.../download/v0.1.0 sh install.sh [DIRECTORY]
#
# PODFORM_RELEASES is where the files of a release lie (dist/ of packaging/release.sh): an address of http or https, or a
# directory. DIRECTORY is where the program goes: ~/.local/bin without it.
set -eu

fail() {
  echo "podform: $1" >&2
  exit 1
}

releases=${PODFORM_RELEASES:-}
[ -n "$releases" ] || fail 'set PODFORM_RELEASES to where the files of the release lie'
directory=${1:-$HOME/.local/bin}

case $(uname -s)-$(uname -m) in
Linux-x86_64) targets='x86_64-unknown-linux-musl x86_64-unknown-linux-gnu' ;;
Linux-aarch64) targets='aarch64-unknown-linux-musl aarch64-unknown-linux-gnu' ;;
Darwin-arm64) targets=aarch64-apple-darwin ;;
Darwin-x86_64) targets=x86_64-apple-darwin ;;
*) fail "no archive is made for $(uname -s) on $(uname -m); cargo install --locked builds it" ;;
esac

fetch() {
  case $releases in
  http://* | https://*) curl --fail --silent --show-error --location --output "$2" "$releases/$1" ;;
  *) cp "$releases/$1" "$2" ;;
  esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch SHA256SUMS "$work/SHA256SUMS" || fail "$releases has no SHA256SUMS"

archive=
for target in $targets; do
  found=$(sed -n "s/^[0-9a-f]\{64\}  \(podform-.*-$target\.tar\.gz\)\$/\1/p" "$work/SHA256SUMS" | head -n 1)
  if [ -n "$found" ]; then
    archive=$found
    break
  fi
done
[ -n "$archive" ] || fail "$releases has no archive for $targets"

fetch "$archive" "$work/$archive" || fail "$archive cannot be fetched"
grep -F "  $archive" "$work/SHA256SUMS" >"$work/sum"
if command -v sha256sum >/dev/null; then
  (cd "$work" && sha256sum -c sum >/dev/null 2>&1) || fail "the checksum of $archive is another one; nothing was installed"
else
  (cd "$work" && shasum -a 256 -c sum >/dev/null 2>&1) || fail "the checksum of $archive is another one; nothing was installed"
fi

tar -xzf "$work/$archive" -C "$work"
mkdir -p "$directory"
# The running program, if there is one, keeps its file until it ends.
install -m 0755 "$work/${archive%.tar.gz}/podform" "$directory/podform.new"
mv "$directory/podform.new" "$directory/podform"
"$directory/podform" version
case :$PATH: in
*:"$directory":*) ;;
*) echo "podform lies in $directory, which is not in PATH." ;;
esac
