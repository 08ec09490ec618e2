#!/usr/bin/env bash
# Builds what a release of podform is made of, into dist/: for each target an archive with the program, its manual and
# completions; a Debian package where the target is one of Linux; a list of what it is made of (CycloneDX); checksums.
#
#   packaging/release.sh [TARGET...]        default: x86_64-unknown-linux-musl
#
# Needs: the Rust toolchain of rust-toolchain.toml, the targets (rustup target add TARGET), a C compiler for each (musl-tools for
# musl), about 3 GB of disk; cargo-deb and cargo-cyclonedx, which it installs where they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."

targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(x86_64-unknown-linux-musl)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
dist=$PWD/dist
rm -rf "$dist"
mkdir -p "$dist"

need() {
  cargo "$1" --version >/dev/null 2>&1 || cargo install --locked "cargo-$1"
}
need deb
need cyclonedx

# The same files give the same archives: order, times and owners do not depend on who builds them.
stamp=$(git log -1 --format=%ct 2>/dev/null || echo 0)

for target in "${targets[@]}"; do
  cargo build --release --locked --target "$target"
  program=target/$target/release/podform
  name=podform-$version-$target
  stage=$(mktemp -d)
  mkdir -p "$stage/$name/completions"
  cp "$program" README.md LICENSE CHANGELOG.md "$stage/$name/"
  "$program" man -out="$stage/$name/man" >/dev/null
  for shell in bash zsh fish elvish powershell; do
    "$program" completion "$shell" >"$stage/$name/completions/podform.$shell"
  done
  tar --sort=name --mtime="@$stamp" --owner=0 --group=0 --numeric-owner -C "$stage" -cf - "$name" |
    gzip -n -9 >"$dist/$name.tar.gz"
  case $target in
  *-linux-*)
    # What the package installs beside the program, where its manifest looks for it.
    rm -rf target/package && mkdir -p target/package
    cp -r "$stage/$name/man" "$stage/$name/completions" target/package/
    gzip -n -9 target/package/man/*.1
    SOURCE_DATE_EPOCH=$stamp cargo deb --no-build --no-strip --target "$target" --output "$dist"
    ;;
  esac
  rm -rf "$stage"
done

cargo cyclonedx --format json --override-filename "podform-$version.cdx"
mv "podform-$version.cdx.json" "$dist/"
(cd "$dist" && sha256sum -- * >SHA256SUMS)
cat "$dist/SHA256SUMS"
