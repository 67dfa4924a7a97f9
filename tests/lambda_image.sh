#!/bin/sh
# Makes a stand-in for AWS's base image of python3.12, for `sam local` on machines that reach no
# container registry: this machine's own Debian or Ubuntu, Python 3.12, AWS's runtime interface
# client and boto3, laid out as in AWS's image.
#
#   make .venv-lambda/ready && sudo tests/lambda_image.sh codefree/lambda-python:3.12
set -eu
image=$1
cd "$(dirname "$0")/.."
python=$(.venv-lambda/bin/python -c 'import sys; print(sys.base_prefix)')
. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
  "Codename: $VERSION_CODENAME" | head -n 1)
[ -n "$mirror" ] || { echo "apt names no mirror for $VERSION_CODENAME" >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# That Python's standard library brings the shared libraries that ours is linked with.
debootstrap --variant=minbase --include=ca-certificates,libpython3-stdlib \
  "$VERSION_CODENAME" "$root" "$mirror" >&2
mkdir -p "$root/var/task" "$root/var/lang/bin" "$root/var/lang/lib"
cp -L "$python/bin/python3.12" "$root/var/lang/bin/"
cp -a "$python"/lib/libpython3.12* "$root/var/lang/lib/" 2> /dev/null || true
tar -C "$python/lib" --exclude site-packages --exclude test --exclude 'config-*' -cf - python3.12 \
  | tar -C "$root/var/lang/lib" -xf -
cp -a .venv-lambda/lib/python3.12/site-packages "$root/var/runtime"

cat > "$root/var/runtime/bootstrap" << 'BOOTSTRAP'
#!/bin/sh
export LD_LIBRARY_PATH=/var/lang/lib
export PYTHONPATH=/var/task:/opt/python:/var/runtime
export AWS_EXECUTION_ENV=AWS_Lambda_python3.12
exec /var/lang/bin/python3.12 -m awslambdaric "$_HANDLER"
BOOTSTRAP
chmod 755 "$root" "$root/var/runtime/bootstrap"

tar -C "$root" -cf - . | docker import --change 'WORKDIR /var/task' \
  --change 'ENV LAMBDA_TASK_ROOT=/var/task LAMBDA_RUNTIME_DIR=/var/runtime' - "$image" > /dev/null
docker run --rm --network none --entrypoint /var/lang/bin/python3.12 \
  -e LD_LIBRARY_PATH=/var/lang/lib -e PYTHONPATH=/var/runtime "$image" \
  -c 'import awslambdaric, boto3, bz2, ctypes, lzma, sqlite3, ssl' >&2 \
  || { docker image rm "$image" > /dev/null; exit 1; }
