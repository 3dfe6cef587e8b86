#!/usr/bin/env bash
# Unpack packages of another Debian release, or of another processor, into a folder; nothing is
# installed. For tests/elsewhere.py (docs/reproducibility.md). Needs apt-get, dpkg and a network.
#
#   tests/other_system.sh FOLDER ARCHITECTURE RELEASE PACKAGE...
set -euo pipefail
mkdir -p "$1/apt/lists" "$1/apt/cache" "$1/root"
folder=$(cd "$1" && pwd) architecture=$2 release=$3
shift 3

# the mirror of this machine, in lists of the folder's own
site=$(apt-get indextargets --format '$(SITE)' | sort -u | head -n 1)
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] $site $release main" > "$folder/apt/sources.list"
touch "$folder/apt/status"
options=(
  -o APT::Architecture="$architecture" -o APT::Architectures="$architecture"
  -o APT::Sandbox::User=root -o Acquire::Languages=none
  -o Dir::State="$folder/apt" -o Dir::State::status="$folder/apt/status"
  -o Dir::Cache="$folder/apt/cache"
  -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=-
)
apt-get -qq "${options[@]}" update
(cd "$folder/apt" && apt-get -qq "${options[@]}" download "$@")
for package in "$folder"/apt/*.deb; do dpkg -x "$package" "$folder/root"; done
